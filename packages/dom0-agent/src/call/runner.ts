import {
  Call,
  type CallEffect,
  type CallInput,
  type CallSpec,
  decodeRefused,
  encodeJson,
  type PendingResponse,
  type Verdict,
} from '@stubdom/protocol'
import { XenstoreConnectionError, XenstoreReplyError, XenstoreUsageError } from '@stubdom/xenstore'
import type { Liveness } from '../domains/liveness.ts'
import type { Pair } from '../domains/pair.ts'
import type { Logger } from '../logger.ts'
import { printableValue } from '../printable-value.ts'
import { reached } from '../steps.ts'
import type { ResponseHints } from './hints.ts'
import { type CallNodes, RequestNotSentError } from './nodes.ts'

/** What a call needs of the world. */
export interface CallSurroundings {
  readonly pair: Pair
  readonly nodes: CallNodes
  readonly hints: ResponseHints
  readonly liveness: Liveness
  readonly logger: Logger
  readonly onProgress: (response: PendingResponse) => void
  /** Told of what does not end the call by itself. */
  readonly onMisbehaviour: (why: string) => void
}

/** How a call ended, and what is left to do. */
export interface CallEnd {
  readonly verdict: Verdict
  /** The request is not needed any more: to be removed once the result is safe. */
  readonly collect: boolean
  /** Whether the agent gave any sign. */
  readonly heard: boolean
  /** Why the hello could not be used that was read last; undefined when it could, or there was none. */
  readonly unreadableHello: string | undefined
}

/** A call without a connection, or with a new one on which its request was not found yet. */
interface Pause {
  readonly reason: string
  /** What is to be asked when it goes on, one of a kind. */
  readonly asks: Map<CallEffect['do'], () => void>
}

/** Node's timers take no more. */
const TIMER_MAX_MS = 0x7fff_ffff

/**
 * Does what a protocol `Call` wants done and tells it what came of it. A request to the Xenstore that gets no reply in time is
 * looked upon as having found nothing; the call's own deadline ends it then. Run it once.
 *
 * When the connection is lost, the call pauses. On the next one it looks first whether its request stands, for that may lead to a store that
 * was begun anew: there, that no response is found and no domain proves nothing. If the request stands, what had no reply is asked again;
 * but a request is never written a second time.
 */
export class CallRunner {
  readonly #call: Call
  readonly #around: CallSurroundings
  readonly #following: (() => void)[] = []
  #check: () => void = () => {}
  #timer: NodeJS.Timeout | undefined
  #pause: Pause | undefined
  #collect = false
  #over = false
  #latest: PendingResponse | undefined
  #reported = ''
  #unreadableHello: string | undefined
  #resolve: (end: CallEnd) => void = () => {}

  /** @throws EncodeError when the arguments do not fit the command or the request is too large */
  constructor(spec: CallSpec, around: CallSurroundings) {
    this.#call = new Call(spec)
    this.#around = around
  }

  get #hasRequestParts(): boolean {
    return this.#call.requestParts > 0
  }

  run(): Promise<CallEnd> {
    return new Promise(resolve => {
      this.#resolve = resolve
      const { hints, liveness, pair } = this.#around
      const { definition, id } = this.#call.spec
      // Both watches leave before the request does.
      this.#following.push(hints.follow(definition.name, id, () => this.#hint({ on: 'response-changed' })))
      const domains = liveness.follow(pair, () => this.#hint({ on: 'domain-gone' }))
      this.#check = domains.check
      this.#following.push(domains.stop)
      this.#feed({ on: 'start' })
    })
  }

  /** The caller wants the command back. */
  cancel(): void {
    this.#feed({ on: 'cancel' })
  }

  /** The connection is gone. */
  lost(reason: string): void {
    this.#pause ??= { reason, asks: new Map() }
  }

  /** There is a new connection. */
  found(): void {
    if (this.#pause) void this.#lookForRequest(this.#pause)
  }

  /** Once the result is safe. */
  removeRequest(): Promise<void> {
    return this.#around.nodes.removeRequest(this.#hasRequestParts)
  }

  /** Resolves when no `cancel` is on its way any more: the call’s end does not wait for it. */
  calledBack(): Promise<void> {
    return this.#around.nodes.rewritten
  }

  /** There will be no connection any more: what became of the command cannot be seen. */
  disconnected(): void {
    this.#unseen('the connection to Xenstore was closed while the command was under way')
  }

  async #lookForRequest(pause: Pause): Promise<void> {
    const { nodes, logger } = this.#around
    try {
      const request = await nodes.readRequest()
      if (this.#over || this.#pause !== pause) return
      if (request !== undefined) this.#goOn(pause)
      else this.#unseen('the connection to Xenstore was lost, and the request does not stand there any more')
    } catch (error) {
      logger.debug({ err: error }, 'could not look for the request')
    }
  }

  #goOn({ asks }: Pause): void {
    this.#pause = undefined
    this.#feed({ on: 'request-written' })
    for (const ask of asks.values()) ask()
    this.#feed({ on: 'response-changed' })
    this.#check()
  }

  /** What is noticed in a store that may not be the request's says nothing; it is looked for when that is known. */
  #hint(input: CallInput): void {
    if (!this.#pause) this.#feed(input)
  }

  #feed(input: CallInput): void {
    if (this.#over) return
    for (const effect of this.#call.handle(input, performance.now())) this.#perform(effect)
    if (!this.#over) this.#arm()
  }

  #arm(): void {
    clearTimeout(this.#timer)
    const delay = this.#call.wakeAt - performance.now()
    this.#timer = setTimeout(
      () => {
        this.found()
        this.#check()
        this.#feed({ on: 'tick' })
      },
      Math.min(Math.max(Math.ceil(delay), 0), TIMER_MAX_MS),
    )
  }

  #perform(effect: CallEffect): void {
    const { nodes } = this.#around
    switch (effect.do) {
      case 'write-request':
        reached('request unsent')
        return this.#ask(
          effect.do,
          () => nodes.writeRequest(effect.message),
          () => ({ on: 'request-written' }),
          error => this.#refused(error),
        )
      case 'read-hello':
        return this.#ask(
          effect.do,
          () => nodes.readHello(),
          hello => {
            this.#unreadableHello = hello.problem
            return { on: 'hello-read', epoch: hello.epoch }
          },
        )
      case 'read-request':
        return this.#ask(
          effect.do,
          () => nodes.readRequest(),
          bytes => ({ on: 'request-read', bytes }),
        )
      case 'read-response':
        return this.#ask(
          effect.do,
          () => nodes.readResponse(),
          bytes => ({ on: 'response-read', bytes }),
          () => ({ on: 'response-read', bytes: undefined }),
        )
      case 'read-parts':
        return this.#ask(
          effect.do,
          () => nodes.readResponseParts(effect.count),
          parts => ({ on: 'parts-read', parts }),
          () => ({ on: 'parts-read', parts: [] }),
        )
      case 'read-refused':
        return this.#ask(
          effect.do,
          () => nodes.readRefused(),
          bytes => {
            const refused = bytes && decodeRefused(bytes)
            if (refused && !refused.ok) this.#around.onMisbehaviour(refused.error.message)
            return { on: 'refused-read', bytes }
          },
        )
      case 'write-cancel':
        return this.#ask(effect.do, () => nodes.rewriteRequest(effect.node))
      case 'withdraw':
        return this.#ask(
          effect.do,
          () => nodes.withdraw(this.#hasRequestParts),
          response => ({ on: 'withdrawn', response }),
        )
      case 'remove-request':
        this.#collect = true
        return
      case 'report':
        return this.#report(effect.response)
      case 'end':
        return this.#end(effect.verdict)
    }
  }

  /** Feeds what came of `work`, which is begun when there is a connection, and again when that was lost. */
  #ask<T>(
    kind: CallEffect['do'],
    work: () => Promise<T>,
    answer: (value: T) => CallInput | undefined = () => undefined,
    failure: (error: unknown) => CallInput | undefined = () => undefined,
  ): void {
    const feed = (input: CallInput | undefined): void => {
      if (input) this.#feed(input)
    }
    const again = (): void => this.#ask(kind, work, answer, failure)
    if (this.#pause) {
      this.#pause.asks.set(kind, again)
      return
    }
    work().then(
      value => feed(answer(value)),
      (error: unknown) => {
        this.#around.logger.debug({ err: error }, 'the Xenstore did not do what was asked')
        if (!(error instanceof XenstoreConnectionError)) return feed(failure(error))
        this.lost(error.message)
        if (kind !== 'write-request') this.#pause?.asks.set(kind, again)
      },
    )
  }

  /** Only a refusal says that nothing was written; without a reply it may have been. */
  #refused(error: unknown): CallInput | undefined {
    const isSure =
      error instanceof XenstoreReplyError || error instanceof XenstoreUsageError || error instanceof RequestNotSentError
    if (!isSure) return undefined
    this.#collect = true
    return { on: 'request-refused', reason: `the request could not be written: ${error.message}` }
  }

  /** A response that is read twice is reported once. */
  #report(response: PendingResponse): void {
    const text = encodeJson(response)
    if (text === this.#reported) return
    this.#reported = text
    reached('progress read')
    this.#latest = response
    const { state, stage, overdue, cancel } = response
    this.#around.logger.debug({ state, stage, overdue, cancel }, 'the agent is at work')
    this.#around.onProgress(printableValue(response))
  }

  #unseen(message: string): void {
    const latest = this.#latest
    this.#end({ outcome: 'unknown', code: 'disconnected', message, ...(latest ? { latest } : {}) })
  }

  #end(verdict: Verdict): void {
    if (this.#over) return
    if (this.#pause && verdict.outcome === 'unknown' && verdict.code === 'deadline') {
      return this.#unseen(`the connection to Xenstore was lost and did not come back in time: ${this.#pause.reason}`)
    }
    this.#over = true
    reached('answer read')
    clearTimeout(this.#timer)
    for (const stop of this.#following.splice(0)) stop()
    const { heard } = this.#call
    this.#resolve({ verdict, collect: this.#collect, heard, unreadableHello: this.#unreadableHello })
  }
}
