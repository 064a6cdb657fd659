import { checkWith } from '../codec/decode.ts'
import { type EncodedMessage, encodeInParts, joinParts } from '../codec/parts.ts'
import { encodeJson, printable } from '../codec/text.ts'
import type { VerdictCode } from '../codes.ts'
import type { CommandDefinition } from '../commands/command.ts'
import { commandDigest, type Sha256, UNREADABLE_DIGEST } from '../digest.ts'
import { EncodeError } from '../errors.ts'
import { POLL_MS, VALUE_BYTES_MAX } from '../limits.ts'
import { decodeRefused } from '../messages/refused.ts'
import { decodeRequestNode, isRequestHead } from '../messages/request.ts'
import {
  ANSWERING,
  decodeResponseBody,
  decodeResponseNode,
  isFinal,
  isResponseHead,
  type PendingResponse,
  type Response,
  type ResponseHead,
} from '../messages/response.ts'
import { PROTOCOL_VERSION } from '../version.ts'
import { describePending } from './describe.ts'
import type { CallEffect, CallInput, NodeBytes } from './io.ts'
import type { Verdict } from './verdict.ts'

/** One command as its requester wants it. */
export interface CallSpec {
  readonly id: string
  readonly definition: CommandDefinition
  readonly args: unknown
  /** The epoch of the agent that is meant. */
  readonly epoch: string
  /** Milliseconds from `start` until the command is called back. */
  readonly deadlineMs: number
  /** Milliseconds from then until the call ends whatever happens. */
  readonly graceMs: number
  readonly sha256: Sha256
  /** An earlier call of this id is picked up again: nothing is written, the outcome is only looked for. */
  readonly pickUp?: boolean
  /** A live view of `hello` is held: it need not be read. */
  readonly helloIsLive?: boolean
}

/** Milliseconds by which an answer that is being written in parts moves the deadline each time it progresses, and at most in all. */
const STRETCH_MS = 5_000
const STRETCH_MAX_MS = 60_000

/** What `cancel` adds to a request’s node. */
const CANCEL_BYTES = ',"cancel":true'.length

type Phase =
  | { readonly name: 'new' }
  /** The request and `hello` are under way. */
  | { readonly name: 'sending'; readonly written: boolean; readonly helloMatches: boolean }
  /** The request of an earlier process is being looked for. */
  | { readonly name: 'picking-up' }
  | { readonly name: 'waiting' }
  /** `cancel` was written. */
  | { readonly name: 'cancelling'; readonly byCaller: boolean; readonly endAt: number }
  /** The agent that was meant is not there: the request is being taken back. */
  | { readonly name: 'withdrawing'; readonly code: 'no-agent' | 'stale-epoch' }
  | { readonly name: 'ended' }

/**
 * One command in dom0, without I/O or clock: it is told what happened and says what to do.
 *
 *     state        input                                  next         effects
 *     new          start                                  sending      write-request, read-hello
 *     new          start (pick up)                        picking-up   read-request, read-response
 *     sending      request-written, hello of our epoch    waiting      –
 *     sending      hello of another epoch, or none        withdrawing  withdraw
 *     cancelling   hello of another epoch, or none        withdrawing  withdraw
 *     sending      request-refused                        ended        end(not-delivered)
 *     withdrawing  withdrawn, no response                 ended        end(no-agent | stale-epoch, not-done)
 *     picking-up   the request is there and ours          waiting      –
 *     picking-up   it is gone / is another command's      ended        end(expired / conflict)
 *     any          a pending response                     (same)       report
 *     any          a final response                       ended        remove-request, end
 *     any          an entry in `refused`                  ended        remove-request, end
 *     any          an undecodable response                ended        end(bad-response)
 *     new          the caller's cancel                    ended        end(cancelled)
 *     sending      deadline; the caller's cancel          cancelling   write-cancel, read-response, read-refused
 *     waiting      deadline; the caller's cancel          cancelling   write-cancel, read-response, read-refused
 *     waiting      deadline (pick up)                     ended        end(unknown)
 *     cancelling   grace over                             ended        end(unknown)
 *     cancelling   `cancel: too-late` after the deadline  ended        end(unknown)
 *     any          domain-gone                            ended        end(domain-gone)
 *
 * One READ of the response is under way at a time; a hint that comes meanwhile asks for one more.
 */
export class Call {
  readonly spec: CallSpec
  readonly digest: string
  readonly #what: string
  readonly #request: EncodedMessage
  #phase: Phase = { name: 'new' }
  #deadlineAt = Number.POSITIVE_INFINITY
  #stretchUntil = Number.POSITIVE_INFINITY
  #pollAt = Number.POSITIVE_INFINITY
  #reading: 'no' | 'yes' | 'again' = 'no'
  #head: ResponseHead | undefined
  #partsMissed = false
  /** As the agent says: only more of them move the deadline. */
  #partsWritten = 0
  #latest: PendingResponse | undefined
  #heard = false

  /** @throws EncodeError when the arguments do not fit the command or the request is too large */
  constructor(spec: CallSpec) {
    const { definition, id } = spec
    this.spec = spec
    this.#what = `response ${definition.name}/${id}`
    const args = checkWith(definition.name, definition.args, spec.args)
    if (!args.ok) throw new EncodeError('bad-request', args.error.message)
    this.digest = commandDigest(spec.sha256, definition.name, args.value)
    const body = { v: PROTOCOL_VERSION, epoch: spec.epoch, deadlineMs: spec.deadlineMs, args: args.value }
    this.#request = encodeInParts(body, { v: PROTOCOL_VERSION }, spec.sha256, VALUE_BYTES_MAX - CANCEL_BYTES)
  }

  get requestParts(): number {
    return this.#request.parts.length
  }

  get ended(): boolean {
    return this.#phase.name === 'ended'
  }

  /** Whether the agent gave any sign. */
  get heard(): boolean {
    return this.#heard
  }

  /** When the call wants a `tick`, on the clock that `handle` is given; infinite once it has ended. */
  get wakeAt(): number {
    switch (this.#phase.name) {
      case 'ended':
      case 'new':
        return Number.POSITIVE_INFINITY
      case 'cancelling':
        return Math.min(this.#phase.endAt, this.#pollAt)
      default:
        return Math.min(this.#deadlineAt, this.#pollAt)
    }
  }

  /** @param now milliseconds on any clock that never steps back */
  handle(input: CallInput, now: number): CallEffect[] {
    if (this.#phase.name === 'ended') return []
    switch (input.on) {
      case 'start':
        return this.#start(now)
      case 'request-written':
        return this.#sent({ written: true })
      case 'request-refused':
        return this.#notDelivered(input.reason)
      case 'hello-read':
        return this.#helloRead(input.epoch)
      case 'request-read':
        return this.#requestRead(input.bytes)
      case 'response-changed':
        return this.#read()
      case 'response-read':
        return this.#responseRead(input.bytes, now)
      case 'parts-read':
        return this.#partsRead(input.parts)
      case 'refused-read':
        return this.#refusedRead(input.bytes)
      case 'withdrawn':
        return this.#withdrawn(input.response)
      case 'cancel':
        return this.#cancel(true, now)
      case 'domain-gone':
        return this.#domainGone()
      case 'tick':
        return this.#tick(now)
    }
  }

  #start(now: number): CallEffect[] {
    this.#deadlineAt = now + this.spec.deadlineMs
    this.#stretchUntil = this.#deadlineAt + STRETCH_MAX_MS
    this.#pollAt = now + POLL_MS
    if (this.spec.pickUp) {
      this.#phase = { name: 'picking-up' }
      return [{ do: 'read-request' }, ...this.#read()]
    }
    const live = this.spec.helloIsLive === true
    this.#phase = { name: 'sending', written: false, helloMatches: live }
    return [{ do: 'write-request', message: this.#request }, ...(live ? [] : [{ do: 'read-hello' } as const])]
  }

  #sent(news: { written?: true; helloMatches?: true }): CallEffect[] {
    if (this.#phase.name !== 'sending') return []
    const phase = { ...this.#phase, ...news }
    this.#phase = phase.written && phase.helloMatches ? { name: 'waiting' } : phase
    return []
  }

  #notDelivered(reason: string): CallEffect[] {
    const verdict = { outcome: 'not-done', code: 'not-delivered', message: reason } as const
    // `cancel` may have made the node after all.
    return this.#phase.name === 'cancelling' ? this.#collect(verdict) : this.#end(verdict)
  }

  #helloRead(epoch: string | undefined): CallEffect[] {
    if (epoch === this.spec.epoch) return this.#sent({ helloMatches: true })
    if (this.#phase.name !== 'sending' && this.#phase.name !== 'cancelling') return []
    this.#phase = { name: 'withdrawing', code: epoch === undefined ? 'no-agent' : 'stale-epoch' }
    return [{ do: 'withdraw' }]
  }

  // The agent claims before it acts and looks at the request after its claim; so no response after the request went means: not done, for certain.
  #withdrawn(response: NodeBytes): CallEffect[] {
    if (this.#phase.name !== 'withdrawing') return []
    const { code } = this.#phase
    if (response === undefined) {
      const message =
        code === 'no-agent'
          ? 'the agent left before it took the command'
          : 'the agent was restarted before it took the command'
      return this.#end({ outcome: 'not-done', code, message: `${message}; nothing was done` })
    }
    const node = decodeResponseNode(this.#what, this.spec.definition, response)
    if (node.ok && !isResponseHead(node.value) && isFinal(node.value)) return this.#conclude(node.value)
    return this.#unknown('deadline', 'the agent was restarted while it worked on the command')
  }

  #requestRead(bytes: NodeBytes): CallEffect[] {
    if (this.#phase.name !== 'picking-up') return []
    const { id, definition, sha256 } = this.spec
    if (bytes === undefined) {
      return this.#unknown(
        'expired',
        `there is no ${definition.name} with id ${id} any more: its answer was collected, or it expired`,
      )
    }
    this.#phase = { name: 'waiting' }
    // Only a request that stands in one node tells its arguments here; for a continued one the response's digest decides.
    const node = decodeRequestNode(`request ${definition.name}/${id}`, bytes)
    if (!node.ok || isRequestHead(node.value)) return []
    const same = commandDigest(sha256, definition.name, node.value.args) === this.digest
    return same ? [] : this.#conflict()
  }

  #read(): CallEffect[] {
    if (this.#reading !== 'no') {
      this.#reading = 'again'
      return []
    }
    this.#reading = 'yes'
    return [{ do: 'read-response' }]
  }

  #readDone(): CallEffect[] {
    const again = this.#reading === 'again'
    this.#reading = 'no'
    return again && !this.ended ? this.#read() : []
  }

  #responseRead(bytes: NodeBytes, now: number): CallEffect[] {
    if (bytes === undefined) return this.#readDone()
    this.#heard = true
    const node = decodeResponseNode(this.#what, this.spec.definition, bytes)
    if (!node.ok) return this.#badResponse(node.error.message)
    if (isResponseHead(node.value)) {
      // The read counts as under way until the parts are here.
      if (node.value.digest !== this.digest) return this.#conflict()
      this.#head = node.value
      return [{ do: 'read-parts', count: node.value.parts }]
    }
    const effects = this.#answered(node.value, now)
    return [...effects, ...this.#readDone()]
  }

  #partsRead(parts: readonly NodeBytes[]): CallEffect[] {
    const head = this.#head
    if (!head) return []
    this.#head = undefined
    // Somebody else collected the answer, or a new one is being written: what stands there now decides. Once.
    if (parts.includes(undefined) && !this.#partsMissed) {
      this.#partsMissed = true
      this.#reading = 'no'
      return this.#read()
    }
    const body = joinParts(this.#what, head, parts, this.spec.sha256)
    if (!body.ok) return this.#badResponse(body.error.message)
    const response = decodeResponseBody(this.#what, this.spec.definition, body.value)
    return response.ok ? this.#conclude(response.value) : this.#badResponse(response.error.message)
  }

  #answered(response: Response, now: number): CallEffect[] {
    if (isFinal(response)) return this.#conclude(response)
    if (response.digest !== this.digest) return this.#conflict()
    const answering = response.state === 'running' && response.stage === ANSWERING ? response.progress : undefined
    if (answering && answering.done > this.#partsWritten) {
      this.#partsWritten = answering.done
      this.#deadlineAt = Math.max(this.#deadlineAt, Math.min(now + STRETCH_MS, this.#stretchUntil))
    }
    this.#latest = response
    const report: CallEffect = { do: 'report', response }
    const over = this.#phase.name === 'cancelling' && !this.#phase.byCaller && response.cancel === 'too-late'
    return over ? [report, ...this.#outOfTime()] : [report]
  }

  #conclude(response: Response): CallEffect[] {
    const unread = response.state === 'failed' && response.digest === UNREADABLE_DIGEST
    if (response.digest !== this.digest && !unread) return this.#conflict()
    switch (response.state) {
      case 'done':
        return this.#collect({ outcome: 'done', result: response.result, reconciled: response.reconciled === true })
      case 'cancelled':
        return this.#collect({ outcome: 'cancelled' })
      case 'failed': {
        const { code, message, outcome, stage } = response.error
        if (code === 'expired') return [{ do: 'remove-request' }, ...this.#unknown('expired', printable(message))]
        return this.#collect({
          outcome,
          code,
          message: printable(message),
          ...(stage === undefined ? {} : { stage: printable(stage, 64) }),
        })
      }
      default:
        return []
    }
  }

  #refusedRead(bytes: NodeBytes): CallEffect[] {
    if (bytes === undefined) return []
    const node = decodeRefused(bytes)
    // A node that serves every requester of the stubdomain: what is wrong with it says nothing of this command.
    const mine = node.ok ? node.value.refused.find(({ id }) => id === this.spec.id) : undefined
    if (!mine || mine.command !== this.spec.definition.name) return []
    this.#heard = true
    if (this.#latest && this.spec.definition.replay !== 'repeatable') {
      const message = `the agent took the command and could not write how it ended (${mine.code})`
      return [{ do: 'remove-request' }, ...this.#unknown('unanswered', message)]
    }
    return this.#collect({
      outcome: 'not-done',
      code: mine.code,
      message: 'the agent could not give the command an answer of its own and did nothing',
    })
  }

  #cancel(byCaller: boolean, now: number): CallEffect[] {
    if (this.spec.pickUp) return this.#outOfTime()
    if (this.#phase.name === 'new') return this.#end({ outcome: 'cancelled' })
    if (this.#phase.name !== 'sending' && this.#phase.name !== 'waiting') return []
    this.#phase = { name: 'cancelling', byCaller, endAt: now + this.spec.graceMs }
    const node = encodeJson({ ...(JSON.parse(this.#request.node) as object), cancel: true })
    return [{ do: 'write-cancel', node }, ...this.#read(), { do: 'read-refused' }]
  }

  #tick(now: number): CallEffect[] {
    if (this.#phase.name === 'cancelling' && now >= this.#phase.endAt) return this.#outOfTime()
    if (this.#phase.name === 'withdrawing' && now >= this.#deadlineAt) return this.#outOfTime()
    const early = this.#phase.name !== 'cancelling' && this.#phase.name !== 'withdrawing'
    if (early && now >= this.#deadlineAt) return this.#cancel(false, now)
    if (now < this.#pollAt) return []
    this.#pollAt = now + POLL_MS
    return [...this.#read(), ...(this.#latest ? [] : [{ do: 'read-refused' } as const])]
  }

  #outOfTime(): CallEffect[] {
    return this.#unknown('deadline', describePending(this.spec.definition.name, this.#latest))
  }

  #domainGone(): CallEffect[] {
    const message = 'the guest or its stubdomain was destroyed'
    if (this.#latest) return this.#unknown('domain-gone', `${message} while the command was being carried out`)
    // A claim, or an answer, may have stood there of which nothing was heard yet: it went with the domain.
    const mayBeClaimed = this.spec.pickUp === true || this.spec.definition.replay !== 'repeatable'
    if (mayBeClaimed && this.#phase.name !== 'new') return this.#unknown('domain-gone', message)
    return this.#end({ outcome: 'not-done', code: 'domain-gone', message: `${message}; nothing was done` })
  }

  #conflict(): CallEffect[] {
    return this.#unknown('conflict', `id ${this.spec.id} stands for another command or other arguments`)
  }

  #badResponse(reason: string): CallEffect[] {
    return this.#unknown('bad-response', reason)
  }

  #collect(verdict: Verdict): CallEffect[] {
    return [{ do: 'remove-request' }, ...this.#end(verdict)]
  }

  #unknown(code: VerdictCode, message: string): CallEffect[] {
    const latest = this.#latest
    return this.#end({ outcome: 'unknown', code, message, ...(latest ? { latest } : {}) })
  }

  #end(verdict: Verdict): CallEffect[] {
    this.#phase = { name: 'ended' }
    return [{ do: 'end', verdict }]
  }
}
