import { encodeInParts } from '../codec/parts.ts'
import type { AgentCode } from '../codes.ts'
import { commandDefinition } from '../commands/index.ts'
import { EncodeError } from '../errors.ts'
import type { Failed, FinalResponse } from '../messages/response.ts'
import type { Desk } from './desk.ts'
import type { Entry, EntryIn } from './entry.ts'
import { type CommandKey, keyOf } from './io.ts'
import { answeringNode } from './responses.ts'

/** How ids get their final responses, and what happens when there is no room for one. */
export class Answering {
  readonly #desk: Desk

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /** @param shrunk the response already stands for one that there was no room for */
  answer({ command, id }: CommandKey, response: FinalResponse, shrunk = false): void {
    const message = this.#encode(response)
    if (!message) {
      const tooLarge = instead(command, response, 'too-large', 'the answer is larger than a message may be')
      return this.answer({ command, id }, tooLarge, true)
    }
    const parts = message.parts.length > 0
    const entry: EntryIn<'answering'> = { command, id, state: 'answering', response, message, shrunk, parts }
    this.#desk.put(entry)
    this.#desk.stalled.delete(keyOf(entry))
    this.write(entry)
  }

  write({ command, id, message }: EntryIn<'answering'>): void {
    this.#desk.do({ do: 'write-answer', command, id, message })
  }

  /** A long answer is on its way: dom0 gives it more time. */
  progress(key: CommandKey, done: number): void {
    const entry = this.#desk.get(key)
    if (entry?.state !== 'answering') return
    const { command, id, response, message } = entry
    const progress = { done, total: message.parts.length }
    this.#desk.do({ do: 'write-pending', command, id, node: answeringNode(response.digest, progress) })
  }

  written(key: CommandKey): void {
    const entry = this.#desk.get(key)
    if (entry?.state !== 'answering') return
    const { command, id, parts, response } = entry
    const answered: EntryIn<'answered'> = { command, id, state: 'answered', parts, response }
    this.#desk.put(answered)
    if (this.#desk.collection.has(keyOf(key))) this.#desk.settle(answered)
  }

  /** A node that stands already can be written even when the quota is used up, if what goes in is small. */
  writeRefused(key: CommandKey): void {
    const entry = this.#desk.get(key)
    if (entry?.state !== 'answering') return
    const { response, parts, shrunk, id, command } = entry
    if (parts) this.#desk.do({ do: 'remove-parts', id })
    if (shrunk) return this.refuse(entry, 'quota')
    const message = 'the stubdomain’s Xenstore quota is used up: the answer could not be written'
    this.answer(entry, instead(command, response, 'quota', message), true)
  }

  /** The answer is an entry in `refused`. */
  refuse({ command, id }: CommandKey, code: AgentCode): void {
    const entry: Entry = { command, id, state: 'answered', parts: false, response: undefined }
    this.#desk.put(entry)
    this.#desk.do({ do: 'write-refused', node: this.#desk.refusals.add(command, id, code) })
  }

  #encode(response: FinalResponse) {
    try {
      return encodeInParts(response, { v: 1, state: 'done', digest: response.digest }, this.#desk.sha256)
    } catch (error) {
      if (error instanceof EncodeError) return undefined
      throw error
    }
  }
}

/** A failure that fits in the place of an answer that does not; it must not hide that something was done. */
function instead(command: string, response: FinalResponse, code: AgentCode, message: string): Failed {
  const changed = response.state === 'done' && commandDefinition(command)?.replay !== 'repeatable'
  const outcome = response.state === 'failed' ? response.error.outcome : changed ? 'partly' : 'not-done'
  return { v: 1, digest: response.digest, state: 'failed', error: { code, message, outcome } }
}
