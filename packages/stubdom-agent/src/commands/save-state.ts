import { type CommandResult, STATE_BYTES_MAX, type StateChannelName } from '@stubdom/protocol'
import { isLost } from '../qemu/monitor.ts'
import { queryRunState } from '../qemu/run-state.ts'
import type { SaveChannel, StateFile, StateMeasure } from '../save/channel.ts'
import { CommandFailure } from './failure.ts'
import type { CommandHandler } from './handler.ts'
import { stateProgress } from './state-progress.ts'
import type { Task } from './task.ts'

/** Behind the stages of a device model that nobody runs: a later agent must not let it go on. */
const STOPPED_BEFORE = ', was stopped'

/** Stops the device model, has QEMU write its state (no RAM), and lets it go on only if asked to, or if saving failed. */
export const saveState: CommandHandler<'save-state'> = {
  async run({ channels, resume }, task) {
    const usable = await usableChannels(channels, task)
    const { running } = await queryRunState(task.qemu)
    const state = await task.states.newFile()
    const saving = new Saving(task, running)
    try {
      task.commit()
      const { channel, ...saved } = await saving.save(state, usable)
      if (running && resume) await task.qemu.execute('cont')
      const before = running ? 'running' : 'paused'
      return { channel: channel.name, ...saved, before, runState: running && resume ? 'running' : 'paused' }
    } finally {
      await state.close()
    }
  },

  async reconcile(_args, task, { stage }) {
    await task.states.discard(task.id)
    const { running } = await queryRunState(task.qemu)
    if (running)
      return { found: 'not-done', message: 'the agent restarted; nothing was saved, the device model is running' }
    if (stage === undefined || stage.endsWith(STOPPED_BEFORE))
      return { found: 'not-done', message: 'the agent restarted; nothing was saved, the device model is stopped' }
    await task.qemu.execute('cont')
    return {
      found: 'not-done',
      message: 'the agent restarted while it saved; nothing was saved, the device model goes on',
    }
  },

  async collected(id, { states }) {
    await states.discard(id)
  },

  async unanswered({ before, runState }, { qemu }) {
    if (before === 'running' && runState === 'paused') await qemu.execute('cont')
  },
}

/** Those that can be used, in the order asked for. @throws CommandFailure when there is none */
async function usableChannels(wanted: readonly StateChannelName[], { states }: Task): Promise<SaveChannel[]> {
  const usable: SaveChannel[] = []
  let unusable: unknown
  for (const channel of wanted.flatMap(name => states.saving.find(other => other.name === name) ?? [])) {
    try {
      await channel.check()
      usable.push(channel)
    } catch (error) {
      unusable ??= error
    }
  }
  if (usable.length > 0) return usable
  const has = states.saving.map(({ name }) => name).join(', ')
  throw unusable ?? new CommandFailure('unsupported', `the agent cannot save by ${wanted.join(', ')}; it has ${has}`)
}

type Saved = StateMeasure & Pick<CommandResult<'save-state'>, 'data'> & { readonly channel: SaveChannel }

/** One state, from QEMU to a channel. */
class Saving {
  readonly #task: Task
  readonly #wasRunning: boolean
  #stage = ''

  constructor(task: Task, wasRunning: boolean) {
    this.#task = task
    this.#wasRunning = wasRunning
  }

  async save(state: StateFile, channels: readonly SaveChannel[]): Promise<Saved> {
    const { qemu, signal, states, id } = this.#task
    // It must stand in Xenstore before a running device model is stopped: a later agent knows by it to let it go on.
    if (this.#wasRunning && !(await this.#enter('stopping'))) {
      throw new CommandFailure('save-failed', 'Xenstore did not take a note of how far it has come; nothing was done')
    }
    try {
      if (this.#wasRunning) await qemu.execute('stop')
      this.#stage = 'saving'
      // Not `live`: with it QEMU gives its disk images up to a migration's other side, and this one may be asked to go on.
      await qemu.execute('xen-save-devices-state', { filename: state.path, live: false })
      const saved = await this.#send(state, channels)
      // Aborted now means that nobody will collect it.
      signal.throwIfAborted()
      return saved
    } catch (error) {
      // What cannot be cleaned up now is swept when the agent starts; the device model comes first.
      await states.discard(id).catch(() => {})
      if (isLost(error)) throw error
      throw await this.#resumed(error)
    }
  }

  async #send(state: StateFile, channels: readonly SaveChannel[]): Promise<Saved> {
    const measure = await state.measure()
    const { bytes } = measure
    if (bytes === 0) throw new CommandFailure('save-failed', 'QEMU says that it has saved, and wrote nothing')
    this.#stage = 'forwarding'
    const { signal } = this.#task
    const report = (done: number, total: number) => void this.#enter('forwarding', { done, total })
    if (bytes <= STATE_BYTES_MAX) {
      for (const channel of channels) {
        const progress = stateProgress(bytes, report)
        const sent = await channel.send(this.#task.id, state, measure, { signal, progress })
        if (sent) return { channel, ...measure, ...sent }
      }
    }
    const tried = channels.map(({ name }) => name).join(', ')
    throw new CommandFailure('too-large', `the state has ${bytes} bytes, too many to go by ${tried}`)
  }

  #enter(stage: string, progress?: { done: number; total: number }): Promise<boolean> {
    this.#stage = stage
    return this.#task.stage(this.#wasRunning ? stage : `${stage}${STOPPED_BEFORE}`, progress)
  }

  /** A save that failed never leaves the device model stopped that it found running. */
  async #resumed(reason: unknown): Promise<CommandFailure> {
    const why = (reason as Error).message
    const code = reason instanceof CommandFailure ? reason.code : 'save-failed'
    const stage = this.#stage
    const fail = (how: string, outcome: 'not-done' | 'partly') =>
      new CommandFailure(code, `nothing was saved, ${how}: ${why}`, { stage, outcome, cause: reason })
    if (!this.#wasRunning) return fail('the device model is stopped as before', 'not-done')
    try {
      await this.#task.qemu.execute('cont')
      return fail('the device model goes on', 'not-done')
    } catch (error) {
      return fail(`the device model is stopped and could not be let go on (${(error as Error).message})`, 'partly')
    }
  }
}
