import {
  Call,
  type CallEffect,
  type CallInput,
  type CallSpec,
  encodeJson,
  type PendingResponse,
  printable,
  type Verdict,
} from '@stubdom/protocol'
import { XenstoreReplyError, XenstoreUsageError } from '@stubdom/xenstore'
import type { Liveness } from '../domains/liveness.ts'
import type { Pair } from '../domains/pair.ts'
import type { Logger } from '../logger.ts'
import type { ResponseHints } from './hints.ts'
import type { CallNodes } from './nodes.ts'

/** What a call needs of the world. */
export interface CallSurroundings {
  readonly pair: Pair
  readonly nodes: CallNodes
  readonly hints: ResponseHints
  readonly liveness: Liveness
  readonly logger: Logger
  readonly onProgress: (response: PendingResponse) => void
}

/** How a call ended, and what is left to do. */
export interface CallEnd {
  readonly verdict: Verdict
  /** The request is not needed any more: to be removed once the result is safe. */
  readonly collect: boolean
  /** Whether the agent gave any sign. */
  readonly heard: boolean
}

/** Node's timers take no more. */
const TIMER_MAX_MS = 0x7fff_ffff

/**
 * Does what a protocol `Call` wants done and tells it what came of it. A request to the Xenstore that gets no reply in time is
 * looked upon as having found nothing; the call's own deadline ends it then. Run it once.
 */
export class CallRunner {
  readonly #call: Call
  readonly #around: CallSurroundings
  readonly #following: (() => void)[] = []
  #check: () => void = () => {}
  #timer: NodeJS.Timeout | undefined
  #collect = false
  #over = false
  #reported = ''
  #resolve: (end: CallEnd) => void = () => {}

  /** @throws EncodeError when the arguments do not fit the command or the request is too large */
  constructor(spec: CallSpec, around: CallSurroundings) {
    this.#call = new Call(spec)
    this.#around = around
  }

  get hasRequestParts(): boolean {
    return this.#call.requestParts > 0
  }

  run(): Promise<CallEnd> {
    return new Promise(resolve => {
      this.#resolve = resolve
      const { hints, liveness, pair } = this.#around
      const { definition, id } = this.#call.spec
      // Both watches leave before the request does.
      this.#following.push(hints.follow(definition.name, id, () => this.#feed({ on: 'response-changed' })))
      const domains = liveness.follow(pair, () => this.#feed({ on: 'domain-gone' }))
      this.#check = domains.check
      this.#following.push(domains.stop)
      this.#feed({ on: 'start' })
    })
  }

  /** The caller wants the command back. */
  cancel(): void {
    this.#feed({ on: 'cancel' })
  }

  /** The connection is gone: what became of the command cannot be seen any more. */
  disconnected(reason: string): void {
    const message = `the connection to Xenstore was lost while the command was under way: ${reason}`
    this.#end({ outcome: 'unknown', code: 'disconnected', message })
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
        return this.#ask(
          nodes.writeRequest(effect.message),
          () => ({ on: 'request-written' }),
          error => this.#refused(error),
        )
      case 'read-hello':
        return this.#ask(nodes.readEpoch(), epoch => ({ on: 'hello-read', epoch }))
      case 'read-request':
        return this.#ask(nodes.readRequest(), bytes => ({ on: 'request-read', bytes }))
      case 'read-response':
        return this.#ask(
          nodes.readResponse(),
          bytes => ({ on: 'response-read', bytes }),
          () => ({ on: 'response-read', bytes: undefined }),
        )
      case 'read-parts':
        return this.#ask(
          nodes.readResponseParts(effect.count),
          parts => ({ on: 'parts-read', parts }),
          () => ({ on: 'parts-read', parts: [] }),
        )
      case 'read-refused':
        return this.#ask(nodes.readRefused(), bytes => ({ on: 'refused-read', bytes }))
      case 'write-cancel':
        return this.#ask(nodes.rewriteRequest(effect.node))
      case 'withdraw':
        return this.#ask(nodes.withdraw(this.hasRequestParts), response => ({ on: 'withdrawn', response }))
      case 'remove-request':
        this.#collect = true
        return
      case 'report':
        return this.#report(effect.response)
      case 'end':
        return this.#end(effect.verdict)
    }
  }

  /** Feeds what came of `work`; of a connection that is lost, `disconnected` tells. */
  #ask<T>(
    work: Promise<T>,
    answer: (value: T) => CallInput | undefined = () => undefined,
    failure: (error: unknown) => CallInput | undefined = () => undefined,
  ): void {
    const feed = (input: CallInput | undefined): void => {
      if (input) this.#feed(input)
    }
    work.then(
      value => feed(answer(value)),
      (error: unknown) => {
        this.#around.logger.debug({ err: error }, 'the Xenstore did not do what was asked')
        feed(failure(error))
      },
    )
  }

  /** Only a refusal says that nothing was written; without a reply it may have been. */
  #refused(error: unknown): CallInput | undefined {
    if (!(error instanceof XenstoreReplyError || error instanceof XenstoreUsageError)) return undefined
    this.#collect = true
    return { on: 'request-refused', reason: `the request could not be written: ${error.message}` }
  }

  /** A response that is read twice is reported once. */
  #report(response: PendingResponse): void {
    const text = encodeJson(response)
    if (text === this.#reported) return
    this.#reported = text
    const { state, stage, overdue, cancel } = response
    const said = { state, stage: stage === undefined ? stage : printable(stage), overdue, cancel }
    this.#around.logger.debug(said, 'the agent is at work')
    this.#around.onProgress(response)
  }

  #end(verdict: Verdict): void {
    this.#over = true
    clearTimeout(this.#timer)
    for (const stop of this.#following.splice(0)) stop()
    this.#resolve({ verdict, collect: this.#collect, heard: this.#call.heard })
  }
}
