import { queryRunState } from '../qemu/run-state.ts'
import type { CommandHandler } from './handler.ts'

export const dmStop: CommandHandler<'dm-stop'> = {
  async run(_args, { qemu, commit }) {
    const { running } = await queryRunState(qemu)
    if (running) {
      commit()
      await qemu.execute('stop')
    }
    return { runState: 'paused', changed: running }
  },

  async reconcile(_args, { qemu }) {
    const { running } = await queryRunState(qemu)
    return running
      ? { found: 'not-done', message: 'the agent restarted; the device model is running' }
      : { found: 'done', result: { runState: 'paused', changed: true } }
  },
}
