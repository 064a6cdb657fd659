import { joinParts } from '../codec/parts.ts'
import { UNREADABLE_DIGEST } from '../digest.ts'
import { isCommandId } from '../ids.ts'
import { isCommandName } from '../layout.ts'
import { RESPONSES_PER_COMMAND_MAX } from '../limits.ts'
import {
  decodeRequestBody,
  decodeRequestNode,
  isRequestHead,
  type Request,
  requestVersion,
} from '../messages/request.ts'
import type { NodeBytes } from '../requester/io.ts'
import { isSpoken } from '../version.ts'
import { admit, foreign, refusal } from './admission.ts'
import type { Answering } from './answering.ts'
import type { Desk } from './desk.ts'
import type { Entry, EntryIn } from './entry.ts'
import { takeInventory } from './inventory.ts'
import { type CommandKey, keyOf, type ResponderInput } from './io.ts'
import { cancelled, saysCancel } from './responses.ts'
import type { Work } from './work.ts'

/** How requests are noticed, read, judged, and noticed to be gone. */
export class Intake {
  readonly #desk: Desk
  readonly #answering: Answering
  readonly #work: Work

  constructor(desk: Desk, answering: Answering, work: Work) {
    this.#desk = desk
    this.#answering = answering
    this.#work = work
  }

  started(found: Extract<ResponderInput, { on: 'started' }>): void {
    const { answered, interrupted, fresh, cleanUp } = takeInventory(found)
    for (const entry of answered) this.#desk.put(entry)
    for (const effect of cleanUp) this.#desk.do(effect)
    for (const { left, ...key } of interrupted) this.#desk.read(key, left)
    for (const key of fresh) this.#desk.read(key)
  }

  /** Something happened to a request's node. */
  hint(key: CommandKey): void {
    const entry = this.#desk.get(key)
    switch (entry?.state) {
      case undefined:
        return this.#desk.read(key)
      case 'reading':
        return this.#desk.put({ ...entry, again: true })
      case 'queued':
        return this.#desk.do({ do: 'read-request', command: entry.command, id: entry.id })
      case 'claiming':
        return this.#desk.put({ ...entry, hinted: true })
      case 'executing':
        return this.#work.reread(entry)
      case 'answering':
      case 'answered':
        return this.#desk.settle(entry)
    }
  }

  /**
   * All ids in a command’s directory: what is held and not there has gone, what is there and not held is new. Only an answer that the listing was asked
   * for is removed on its word: of others the request may have come after the listing was made, so that they are looked at once more.
   */
  listed(command: string, ids: ReadonlySet<string>): void {
    const asked = this.#desk.collection.asked(command)
    for (const entry of this.#desk.entries.values()) {
      if (entry.command !== command) continue
      const stalled = this.#desk.stalled.delete(keyOf(entry))
      if (!ids.has(entry.id)) this.#gone(entry, stalled, asked.has(keyOf(entry)))
      else if (stalled) this.#resume(entry)
    }
    for (const id of ids) {
      if (!this.#desk.get({ command, id })) this.#desk.read({ command, id })
    }
  }

  /** The connection on which it was being read is lost. Before any listing: what was noticed first is read first. And once more: the watch that tells of changes comes after it. */
  readAnew(entry: EntryIn<'reading'>): void {
    const { command, id, left } = entry
    this.#desk.put({ command, id, state: 'reading', again: true, ...(left ? { left } : {}) })
    this.#desk.do({ do: 'read-request', command, id })
  }

  /** Looks at what dom0 may have written while there was no connection. */
  #resume(entry: Entry): void {
    const { command, id } = entry
    if (entry.state === 'queued') this.#desk.do({ do: 'read-request', command, id })
    else if (entry.state === 'executing') this.#work.reread(entry)
  }

  #gone(entry: Entry, stalled: boolean, asked: boolean): void {
    switch (entry.state) {
      case 'queued':
        return this.#desk.do({ do: 'read-request', command: entry.command, id: entry.id })
      case 'executing':
        return this.#work.reread(entry)
      case 'answering':
        if (stalled) this.#desk.drop(entry, { response: true, parts: entry.parts })
        else this.#desk.collection.add(keyOf(entry), entry.command, this.#desk.now)
        return
      case 'answered':
        if (asked) this.#desk.drop(entry, { response: true, parts: entry.parts })
        else this.#desk.settle(entry)
        return
      case 'reading':
      case 'claiming':
      // Its own read of the request is under way, and will say so.
    }
  }

  requestRead(key: CommandKey, bytes: NodeBytes): void {
    const entry = this.#desk.get(key)
    switch (entry?.state) {
      case 'reading':
        return this.#firstRead(entry, bytes)
      case 'queued':
        if (bytes === undefined) this.#desk.drop(entry, { response: entry.request.mode.kind === 'reconcile' })
        else if (saysCancel(bytes) && entry.request.mode.kind === 'run') {
          this.#answering.answer(entry, cancelled(entry.request.digest))
        }
        return
      case 'executing':
        return this.#work.rereadDone(entry, bytes)
      default:
    }
  }

  #firstRead(entry: EntryIn<'reading'>, bytes: NodeBytes): void {
    const { command, id, again } = entry
    if (bytes === undefined) {
      if (!again) return this.#desk.drop(entry, { response: entry.left !== undefined })
      this.#desk.put({ ...entry, again: false })
      return this.#desk.do({ do: 'read-request', command, id })
    }
    this.#desk.putLast(entry)
    if (!isCommandName(command) || !isCommandId(id)) return this.#answering.refuse(entry, 'bad-request')
    const node = decodeRequestNode('request', bytes)
    if (!node.ok) this.#notOurs(entry, bytes, node.error.message)
    else if (!isRequestHead(node.value)) this.#admit(entry, node.value)
    else {
      this.#desk.put({ ...entry, head: node.value })
      return this.#desk.do({ do: 'read-request-parts', command, id, count: node.value.parts })
    }
    // What happened to it while it was read is looked at after that: it was read first, and keeps its place.
    if (again) this.hint(entry)
  }

  partsRead(key: CommandKey, parts: readonly NodeBytes[]): void {
    const entry = this.#desk.get(key)
    if (entry?.state !== 'reading' || !entry.head) return
    const whole = joinParts('request', entry.head, parts, this.#desk.sha256)
    const body = whole.ok ? decodeRequestBody('request', whole.value) : whole
    if (!body.ok) this.#unreadable(entry, body.error.message)
    else this.#admit(entry, entry.head.cancel ? { ...body.value, cancel: true } : body.value)
    // What happened to the request while its parts were read has yet to be looked at.
    if (entry.again) this.hint(entry)
  }

  /** A request of a version that we do not speak may have any form; all others are malformed. */
  #notOurs(entry: Entry, bytes: Uint8Array, reason: string): void {
    const version = requestVersion(bytes)
    if (version === undefined || isSpoken(version)) return this.#unreadable(entry, reason)
    this.#answering.answer(entry, foreign(UNREADABLE_DIGEST, version))
  }

  #unreadable(entry: Entry, reason: string): void {
    this.#answering.answer(entry, refusal(UNREADABLE_DIGEST, 'bad-request', reason))
  }

  /**
   * It stays where it is: the listing that follows when answers were collected finds it again. Only when it is called back it is refused: `refused` holds a few ids, and a crowd
   * would push them out before anybody has looked.
   */
  #noRoom(entry: EntryIn<'reading'>, request: Request): void {
    if (request.cancel) this.#answering.refuse(entry, 'busy')
    else this.#desk.drop(entry, { response: false })
  }

  #admit(entry: EntryIn<'reading'>, request: Request): void {
    const { command, id } = entry
    // What was claimed has its node, and is owed the truth.
    const room = entry.left !== undefined || this.#desk.uncollected(command) < RESPONSES_PER_COMMAND_MAX
    if (!room) return this.#noRoom(entry, request)
    const busy = this.#desk.inFlight.filter(({ state }) => state !== 'accepted').length
    const verdict = admit(command, id, request, entry.left, {
      epoch: this.#desk.epoch,
      sha256: this.#desk.sha256,
      memory: this.#desk.memory,
      full: busy >= this.#desk.window,
      now: this.#desk.now,
    })
    if (verdict.kind === 'queue') this.#desk.put({ command, id, state: 'queued', request: verdict.request })
    else if (verdict.kind === 'answer') this.#answering.answer(entry, verdict.response)
    else this.#desk.put({ command, id, state: 'answered', parts: false, response: undefined })
  }
}
