import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import {
  type CommandArgs,
  type Hello,
  type PendingResponse,
  STATE_BYTES_MAX,
  type StateChannelName,
} from '@stubdom/protocol'
import { CommandFailedError, RestoreSourceError } from '../errors.ts'
import { type ChannelChoice, chosenChannels, type StateWays } from '../state/choice.ts'
import { STATE_CONSOLE } from '../state/console-node.ts'
import { type Departure, type RestoreChannel, RestoreChannelError, type State } from './channel.ts'
import { ConsoleChannel, FileChannel, XenstoreChannel } from './channels.ts'

/** What is to be restored, and how it gets there. */
export interface RestoreStateArgs extends ChannelChoice {
  /** A file that `saveState` wrote. */
  readonly file: string
}

interface Chosen {
  readonly name: StateChannelName
  readonly departure: Departure
}

/** One state that goes to a stubdomain, as dom0 sees it. */
export class StateRestoring {
  readonly #id: string
  readonly #state: State
  readonly #channels: readonly RestoreChannel[]
  readonly #pickUp: boolean
  #choosing: Promise<Chosen> | undefined
  #departure: Departure | undefined

  /** @throws UsageError, RestoreSourceError */
  static async prepare(id: string, args: RestoreStateArgs, ways: StateWays, pickUp: boolean): Promise<StateRestoring> {
    const state = await readState(args.file)
    const channels = await chosenChannels<RestoreChannel>(args, ways, STATE_CONSOLE.restore, {
      file: directory => new FileChannel(directory),
      xenstore: () => new XenstoreChannel(),
      console: path => new ConsoleChannel(path),
    })
    return new StateRestoring(id, state, channels, pickUp)
  }

  private constructor(id: string, state: State, channels: readonly RestoreChannel[], pickUp: boolean) {
    this.#id = id
    this.#state = state
    this.#channels = channels
    this.#pickUp = pickUp
  }

  /**
   * Sends the state on its way, by the first channel that can carry it and that the agent has.
   * @param hello undefined: there is no agent to ask
   * @throws CommandFailedError
   */
  async argsFor(hello: Hello | undefined): Promise<CommandArgs<'restore-state'>> {
    this.#choosing ??= this.#choose(hello)
    const { name, departure } = await this.#choosing
    this.#departure = departure
    const { content, sha256 } = this.#state
    const { data } = departure
    return { channel: name, bytes: content.length, sha256, ...(data === undefined ? {} : { data }) }
  }

  async #choose(hello: Hello | undefined): Promise<Chosen> {
    const reasons: string[] = []
    for (const channel of this.#channels) {
      const { name } = channel
      if (hello && !hello.restoreChannels?.includes(name)) {
        reasons.push(`the agent cannot restore by ${name}`)
        continue
      }
      try {
        return { name, departure: await channel.begin(this.#id, this.#state, this.#pickUp) }
      } catch (error) {
        if (!(error instanceof RestoreChannelError)) throw error
        reasons.push(error.message)
      }
    }
    const message = `the state cannot be sent: ${reasons.join('; ')}`
    throw new CommandFailedError({
      id: this.#id,
      code: 'restore-failed',
      outcome: 'not-done',
      message,
      stage: 'sending',
    })
  }

  onPending(response: PendingResponse): void {
    this.#departure?.onPending?.(response)
  }

  /** A failure with what dom0 knows of it. */
  explained(error: unknown): unknown {
    const failure = this.#departure?.failure
    if (!failure || !(error instanceof CommandFailedError)) return error
    const { id, code, outcome, stage } = error
    const message = `${error.message}; in dom0: ${failure.message}`
    return new CommandFailedError(
      { id, code, outcome, message, ...(stage === undefined ? {} : { stage }) },
      { cause: failure },
    )
  }

  async end(): Promise<void> {
    // What was begun too late for the command is undone, too.
    const chosen = await this.#choosing?.catch(() => undefined)
    await chosen?.departure.end()
  }
}

async function readState(path: string): Promise<State> {
  const cannot = (why: string, cause?: unknown) =>
    new RestoreSourceError(`${path} cannot be restored: ${why}`, { cause })
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw cannot(error.code ?? error.message, error)
  })
  try {
    const found = await file.stat()
    if (!found.isFile()) throw cannot('it is not a regular file')
    if (found.size > STATE_BYTES_MAX) throw cannot(`it has ${found.size} bytes, the limit is ${STATE_BYTES_MAX}`)
    const content = await file.readFile()
    // xen-save-devices-state begins with QEMU's migration magic (QEMU, migration/savevm.c).
    if (content.subarray(0, 4).toString('latin1') !== 'QEVM') throw cannot('it is not a state that QEMU saved')
    return { content, sha256: createHash('sha256').update(content).digest('hex') }
  } finally {
    await file.close()
  }
}
