import { isLost } from '../qemu/monitor.ts'
import { queryRunState } from '../qemu/run-state.ts'
import type { SaveChannel, SavedState } from '../save/channel.ts'
import { CommandFailure } from './failure.ts'
import type { CommandHandler } from './handler.ts'
import type { Task } from './task.ts'

/** Stands in Xenstore before a running device model is stopped, so that a later agent knows to let it go on. */
const STOPPING = 'stopping'

/** Stops the device model, has QEMU write its state (no RAM), and lets it go on only if asked to, or if saving failed. */
export const saveState: CommandHandler<'save-state'> = {
  async run({ resume }, task) {
    const channel = task.saveChannel
    if (!channel) {
      throw new CommandFailure('unsupported', 'the agent has no save channel; it is started with --save-dir DIR')
    }
    const { running } = await queryRunState(task.qemu)
    const path = await channel.open(task.id)
    task.commit()
    if (running && !(await task.stage(STOPPING))) {
      throw new CommandFailure('save-failed', 'Xenstore did not take a note of how far it has come; nothing was done')
    }
    let saved: SavedState
    try {
      if (running) await task.qemu.execute('stop')
      saved = await save(path, channel, task)
    } catch (error) {
      // What cannot be cleaned up now is swept when the agent starts; the device model comes first.
      await channel.discard(task.id).catch(() => {})
      if (isLost(error)) throw error
      throw await resumed(running, task, error)
    }
    if (running && resume) await task.qemu.execute('cont')
    return { channel: channel.name, ...saved, runState: running && resume ? 'running' : 'paused' }
  },

  async reconcile(_args, task, { stage }) {
    await task.saveChannel?.discard(task.id)
    const { running } = await queryRunState(task.qemu)
    if (running)
      return { found: 'not-done', message: 'the agent restarted; nothing was saved, the device model is running' }
    if (stage !== STOPPING)
      return { found: 'not-done', message: 'the agent restarted; nothing was saved, the device model is stopped' }
    await task.qemu.execute('cont')
    return {
      found: 'not-done',
      message: 'the agent restarted while it saved; nothing was saved, the device model goes on',
    }
  },

  async collected(id, { saveChannel }) {
    await saveChannel?.discard(id)
  },
}

async function save(path: string, channel: SaveChannel, task: Task): Promise<SavedState> {
  // Not `live`: with it QEMU gives its disk images up to a migration's other side, and this one may be asked to go on.
  await task.qemu.execute('xen-save-devices-state', { filename: path, live: false })
  return channel.finish(task.id)
}

/** A save that failed never leaves the device model stopped that it found running. */
async function resumed(wasRunning: boolean, task: Task, reason: unknown): Promise<CommandFailure> {
  const why = (reason as Error).message
  const fail = (how: string, outcome: 'not-done' | 'partly') =>
    new CommandFailure('save-failed', `nothing was saved, ${how}: ${why}`, { stage: 'saving', outcome, cause: reason })
  if (!wasRunning) return fail('the device model is stopped as before', 'not-done')
  try {
    await task.qemu.execute('cont')
    return fail('the device model goes on', 'not-done')
  } catch (error) {
    return fail(`the device model is stopped and could not be let go on (${(error as Error).message})`, 'partly')
  }
}
