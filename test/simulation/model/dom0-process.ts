import {
  CommandCancelledError,
  CommandFailedError,
  connect,
  type Dom0,
  Dom0Error,
  OutcomeUnknownError,
  type RunningCommand,
  SaveChannelError,
  type Saving,
  type Stubdomain,
} from '@stubdom/dom0-agent'
import { type Clock, SimProcess } from '../engine/clock.ts'
import type { CallRecord, Ending, Order } from './calls.ts'
import type { SaveDirectory } from './save-directory.ts'
import type { Xenstored } from './xenstored.ts'

export interface Dom0Parts {
  readonly clock: Clock
  readonly xenstored: Xenstored
  readonly calls: CallRecord[]
  readonly retentionMs: number
  /** Where the states of a stubdomain lie. */
  readonly savedBy: (stubdomain: number) => SaveDirectory | undefined
  /** Told when a call begins and ends. */
  readonly onCall: (call: CallRecord) => void
}

/** A process in dom0 with the real library: gives commands, picks others' up, dies. */
export class Dom0Process {
  readonly process: SimProcess
  readonly #parts: Dom0Parts
  readonly #style: 'node' | 'directory'
  #dom0: Promise<Dom0> | undefined

  constructor(name: string, style: 'node' | 'directory', parts: Dom0Parts) {
    this.process = new SimProcess(name)
    this.#parts = parts
    this.#style = style
  }

  /** To be called when something happens to the process. */
  give(order: Order): void {
    void this.#give(order)
  }

  /** Clears away what expired, as each process does now and then. */
  sweep(guest: number): void {
    void this.#open()
      .then(dom0 => dom0.stubdomain(guest))
      .then(stubdomain => stubdomain.ready())
      .catch(() => undefined)
  }

  kill(): void {
    this.process.kill()
    this.#parts.xenstored.disconnect(this.process)
  }

  async close(): Promise<void> {
    await (await this.#dom0)?.close()
  }

  #open(): Promise<Dom0> {
    const { xenstored, retentionMs, savedBy } = this.#parts
    this.#dom0 ??= connect({
      connect: () => xenstored.connect(0, this.process),
      watch: this.#style,
      retentionMs,
      saving: saving(savedBy),
    })
    this.#dom0.catch(() => {
      this.#dom0 = undefined
    })
    return this.#dom0
  }

  async #give(order: Order): Promise<void> {
    const { clock, calls, onCall } = this.#parts
    let stubdomain: Stubdomain
    try {
      const dom0 = await this.#open()
      stubdomain = await dom0.stubdomain(order.guest)
    } catch (error) {
      if (!(error instanceof Dom0Error)) throw error
      return
    }
    const running = start(stubdomain, order)
    const record: CallRecord = {
      order,
      id: running.id,
      process: this.process,
      stubdomain: stubdomain.stubdomainDomid,
      givenAt: clock.now,
      ending: undefined,
      endedAt: undefined,
    }
    calls.push(record)
    onCall(record)
    if (order.cancelAfterMs !== undefined) clock.after(order.cancelAfterMs, this.process, () => running.cancel())
    record.ending = await running.result.then(result => ({ kind: 'done', result }) satisfies Ending, endingOf)
    record.endedAt = clock.now
    onCall(record)
  }
}

function start(stubdomain: Stubdomain, { command, deadlineMs, graceMs, pickUp }: Order): RunningCommand<unknown> {
  const options = { timeoutMs: deadlineMs, graceMs, ...(pickUp ? { id: pickUp.id } : {}) }
  switch (command.command) {
    case 'ping':
      return stubdomain.ping(options)
    case 'status':
      return stubdomain.status(options)
    case 'pci-list':
      return stubdomain.pciList(options)
    case 'pci-attach':
      return stubdomain.pciAttach({ bdf: command.bdf, slot: command.slot }, options)
    case 'pci-detach':
      return stubdomain.pciDetach({ bdf: command.bdf }, options)
    case 'dm-stop':
      return stubdomain.dmStop(options)
    case 'dm-cont':
      return stubdomain.dmCont(options)
    case 'save-state':
      return stubdomain.saveState({ file: String(stubdomain.stubdomainDomid), resume: command.resume }, options)
  }
}

/** States are taken from where the agent put them. A file that is asked for is named by its stubdomain, see {@link start}. */
function saving(savedBy: Dom0Parts['savedBy']): Saving {
  let from: SaveDirectory | undefined
  return {
    channel: {
      name: 'file',
      listen: async id => ({
        take: async ({ bytes }) => {
          const state = from?.states.get(id)
          if (state?.length !== bytes) throw new SaveChannelError('nothing like that was saved')
          return piecesOf(state)
        },
        end: async () => {},
      }),
    },
    target: async file => {
      from = savedBy(Number(file))
      return {
        store: async pieces => {
          for await (const piece of pieces) if (piece.length === 0) throw new SaveChannelError('an empty piece')
        },
      }
    },
  }
}

async function* piecesOf(state: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(state)
}

function endingOf(error: unknown): Ending {
  if (error instanceof CommandCancelledError) return { kind: 'not-done', code: 'cancelled', message: error.message }
  if (error instanceof OutcomeUnknownError) return { kind: 'unknown', code: error.code, message: error.message }
  if (error instanceof CommandFailedError) return { kind: error.outcome, code: error.code, message: error.message }
  // The others say that nothing was sent.
  if (error instanceof Dom0Error) return { kind: 'not-done', code: error.code, message: error.message }
  return { kind: 'fault', code: 'fault', message: error instanceof Error ? (error.stack ?? '') : String(error) }
}
