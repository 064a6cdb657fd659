import {
  QmpAbortedError,
  type QmpCallOptions,
  QmpClosedError,
  QmpCommandError,
  type QmpConnectionError,
  type QmpEvent,
  type QmpGreeting,
  QmpLostError,
  QmpTimeoutError,
  QmpUnavailableError,
} from '@stubdom/qmp'
import type { MonitorLink } from '@stubdom/stubdom-agent'
import { Subject } from 'rxjs'
import type { Clock, SimProcess } from '../engine/clock.ts'
import { Lane } from '../engine/net.ts'
import type { Random } from '../engine/random.ts'
import type { Reply, SimQemu } from './qemu.ts'

interface Waiter {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** One connection of an agent to a QEMU's monitor: in the place of a QmpClient, whose own tests show what it does with bytes. */
export class MonitorConnection implements MonitorLink {
  readonly greeting: QmpGreeting = {
    qemu: { major: 7, minor: 2, micro: 22 },
    package: 'simulation',
    capabilities: [],
  } as unknown as QmpGreeting
  readonly #events = new Subject<QmpEvent>()
  readonly events = this.#events.asObservable()
  readonly closed: Promise<QmpConnectionError | undefined>
  readonly #qemu: SimQemu
  readonly #clock: Clock
  readonly #random: Random
  readonly #toQemu: Lane
  readonly #toAgent: Lane
  readonly #waiting = new Set<Waiter>()
  readonly #queue: (() => void)[] = []
  #isBusy = false
  #end: QmpConnectionError | undefined
  #hungUp = false
  /** QEMU knows that the client is gone. */
  #isOver = false
  #resolveClosed!: (reason: QmpConnectionError | undefined) => void
  #onGreeted: () => void = () => {}
  #onFailed: (error: Error) => void = () => {}

  constructor(clock: Clock, random: Random, qemu: SimQemu, agent: SimProcess) {
    this.#qemu = qemu
    this.#clock = clock
    this.#random = random
    this.#toQemu = new Lane(clock, random, qemu.process)
    this.#toAgent = new Lane(clock, random, agent)
    this.closed = new Promise(resolve => {
      this.#resolveClosed = resolve
    })
    agent.onDeath.push(() => this.#hangUp())
  }

  // The agent's end.

  greeted(timeoutMs: number): Promise<MonitorConnection> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#hangUp()
        reject(new QmpTimeoutError('greeting', timeoutMs, `no greeting within ${timeoutMs} ms`))
      }, timeoutMs)
      this.#onGreeted = () => {
        clearTimeout(timer)
        resolve(this)
      }
      this.#onFailed = error => {
        clearTimeout(timer)
        reject(error)
      }
    })
  }

  execute(command: string, args: Record<string, unknown> = {}, { signal }: QmpCallOptions = {}): Promise<unknown> {
    if (this.#end) return Promise.reject(this.#end)
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject }
      this.#waiting.add(waiter)
      signal?.addEventListener('abort', () => {
        if (this.#waiting.delete(waiter)) reject(new QmpAbortedError(command, { cause: signal.reason }))
      })
      this.#toQemu.send(() => {
        this.#queue.push(() => this.#carryOut(command, args, waiter))
        this.#next()
      })
    })
  }

  async close(): Promise<void> {
    this.#hangUp()
    this.#finish(new QmpClosedError('closed by this side'))
  }

  // QEMU's end.

  greet(): void {
    this.#toAgent.send(() => this.#onGreeted())
  }

  event(event: string, data: Record<string, unknown>): void {
    const message = { event, data, timestamp: { seconds: 0, microseconds: 0 } } as unknown as QmpEvent
    this.#toAgent.send(() => this.#end ?? this.#events.next(message))
  }

  /** QEMU is no more. */
  lost(): void {
    const error = new QmpLostError('QEMU closed the connection')
    this.#toAgent.send(() => {
      this.#onFailed(error)
      this.#finish(error)
    })
  }

  #next(): void {
    if (this.#isBusy || this.#queue.length === 0) return
    this.#isBusy = true
    this.#clock.after(this.#qemu.effort(), this.#qemu.process, () => {
      if (this.#isOver) return
      this.#isBusy = false
      this.#queue.shift()?.()
      this.#next()
    })
  }

  #carryOut(command: string, args: Record<string, unknown>, waiter: Waiter): void {
    const reply = this.#qemu.carryOut(command, args)
    this.#toAgent.send(() => {
      if (this.#waiting.delete(waiter)) settle(waiter, command, reply)
    })
  }

  /** What QEMU has read already it may do yet, all or some of it, before it takes the next client. */
  #hangUp(): void {
    if (this.#hungUp) return
    this.#hungUp = true
    this.#toQemu.send(() => {
      this.#isOver = true
      const read = this.#queue.splice(0)
      for (const command of read.slice(0, this.#random.int(read.length + 1))) command()
      this.#qemu.hungUp(this)
    })
  }

  #finish(reason: QmpConnectionError): void {
    if (this.#end) return
    this.#end = reason
    for (const { reject } of this.#waiting) reject(reason)
    this.#waiting.clear()
    this.#events.complete()
    this.#resolveClosed(reason instanceof QmpClosedError ? undefined : reason)
  }
}

/** The socket's file may be there yet, without anybody behind it. */
export function unavailable(random: Random, path: string): QmpUnavailableError {
  return new QmpUnavailableError(random.chance(0.5) ? 'ENOENT' : 'ECONNREFUSED', path)
}

function settle({ resolve, reject }: Waiter, command: string, reply: Reply): void {
  if ('value' in reply) resolve(reply.value)
  else reject(new QmpCommandError(command, reply.class, reply.desc))
}
