import { queryRunState } from '../qemu/run-state.ts'
import type { CommandHandler } from './handler.ts'

export const dmCont: CommandHandler<'dm-cont'> = {
  async run(_args, { qemu, commit }) {
    const { running } = await queryRunState(qemu)
    if (!running) {
      commit()
      await qemu.execute('cont')
    }
    return { runState: 'running', changed: !running }
  },

  async reconcile(_args, { qemu }) {
    const { running, status } = await queryRunState(qemu)
    return running
      ? { found: 'done', result: { runState: 'running', changed: true } }
      : { found: 'not-done', message: `the agent restarted; the device model is not running (${status})` }
  },
}
