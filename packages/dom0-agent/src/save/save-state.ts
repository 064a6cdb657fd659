import type { CommandArgs, CommandResult, Hello } from '@stubdom/protocol'
import { CommandFailedError, SaveTargetError } from '../errors.ts'
import type { ChannelChoice, StateWays } from '../state/choice.ts'
import { chosenChannels } from '../state/choice.ts'
import { STATE_CONSOLE } from '../state/console-node.ts'
import { type Arrival, type SaveChannel, SaveChannelError } from './channel.ts'
import { ConsoleChannel } from './console-channel.ts'
import { FileChannel } from './file-channel.ts'
import { SaveTarget } from './target.ts'
import { XenstoreChannel } from './xenstore-channel.ts'

/** Where and how a state is to be saved. */
export interface SaveStateArgs extends ChannelChoice {
  /** The file to write; one that is there is replaced when everything arrived, and not touched otherwise. */
  readonly file: string
  /** Let the device model go on afterwards if it was running. */
  readonly resume: boolean
}

/** One state that is being saved, as dom0 sees it. */
export class StateSaving {
  readonly args: CommandArgs<'save-state'>
  readonly #id: string
  readonly #target: Pick<SaveTarget, 'store'>
  readonly #arrivals: readonly (readonly [SaveChannel, Arrival])[]

  /**
   * Makes sure that the state can be received before anybody is asked for it.
   * @throws UsageError, SaveTargetError, CommandFailedError
   */
  static async prepare(id: string, args: SaveStateArgs, ways: StateWays, pickUp: boolean): Promise<StateSaving> {
    const channels = await channelsFor(args, ways)
    const target = await (ways.saving?.target(args.file) ?? SaveTarget.check(args.file))
    const arrivals: [SaveChannel, Arrival][] = []
    let unusable: unknown
    for (const channel of channels) {
      try {
        arrivals.push([channel, await channel.listen(id, pickUp)])
      } catch (error) {
        if (!(error instanceof SaveChannelError)) throw error
        unusable = error
      }
    }
    if (arrivals.length === 0) throw failed(id, 'not-done', (unusable as Error).message, unusable)
    return new StateSaving(id, args.resume, target, arrivals)
  }

  private constructor(
    id: string,
    resume: boolean,
    target: Pick<SaveTarget, 'store'>,
    arrivals: readonly (readonly [SaveChannel, Arrival])[],
  ) {
    this.#id = id
    this.#target = target
    this.#arrivals = arrivals
    this.args = { channels: arrivals.map(([{ name }]) => name), resume }
  }

  /** Refuses an agent that has none of the channels. */
  check(hello: Hello): void {
    const { channels } = this.args
    if (channels.some(name => hello.channels.includes(name))) return
    const message = `the agent cannot hand a state over by ${channels.join(', ')}; it offers ${hello.channels.join(', ') || 'nothing'}`
    const remedy = 'choose another channel, or configure the agent for this one'
    throw new CommandFailedError({ id: this.#id, code: 'unsupported', outcome: 'not-done', message }, { remedy })
  }

  /**
   * Brings the state that the command left to where it shall be.
   * @param letGoOn lets a device model go on that was stopped for a state which is lost
   */
  async collect(result: CommandResult<'save-state'>, letGoOn: () => Promise<unknown>): Promise<void> {
    const { bytes, sha256, channel } = result
    try {
      const [, arrival] = this.#arrivals.find(([{ name }]) => name === channel) ?? []
      if (!arrival)
        throw new SaveChannelError(`the agent says that it sent it by ${channel}, which it was not asked to`)
      await this.#target.store(await arrival.take(result), { bytes, sha256 })
    } catch (error) {
      throw await this.#lost(error, result, letGoOn)
    }
  }

  async #lost(
    error: unknown,
    { before, runState }: CommandResult<'save-state'>,
    letGoOn: () => Promise<unknown>,
  ): Promise<unknown> {
    const isTarget = error instanceof SaveTargetError
    if (!isTarget && !(error instanceof SaveChannelError)) return error
    const toBeRunning = before === 'running' && runState === 'paused'
    const stuck = toBeRunning ? await failureOf(letGoOn) : undefined
    const outcome = stuck ? 'partly' : 'not-done'
    const state = stuck
      ? `the device model is stopped and could not be let go on: ${stuck.message}`
      : before === 'running'
        ? 'the device model goes on'
        : 'the device model is stopped as before'
    if (isTarget) return new SaveTargetError(outcome, `${error.message}; ${state}`, { cause: error })
    return failed(this.#id, outcome, `the device model’s state did not arrive: ${error.message}; ${state}`, error)
  }

  async end(): Promise<void> {
    for (const [, arrival] of this.#arrivals) await arrival.end()
  }
}

async function channelsFor(args: SaveStateArgs, ways: StateWays): Promise<readonly SaveChannel[]> {
  if (ways.saving) return [ways.saving.channel]
  return chosenChannels<SaveChannel>(args, ways, STATE_CONSOLE.save, {
    file: directory => new FileChannel(directory),
    xenstore: () => new XenstoreChannel(),
    console: path => new ConsoleChannel(path),
  })
}

async function failureOf(work: () => Promise<unknown>): Promise<Error | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    return error as Error
  }
}

function failed(id: string, outcome: 'not-done' | 'partly', message: string, cause: unknown): CommandFailedError {
  return new CommandFailedError({ id, code: 'save-failed', outcome, message, stage: 'collecting' }, { cause })
}
