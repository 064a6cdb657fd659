import { QmpBusyError, QmpCommandError, type QmpConnectionError, QmpProtocolError } from './errors.ts'
import { legible } from './legible.ts'
import type { QmpMessage } from './messages.ts'

/** QEMU takes 8 commands ahead (QMP_REQ_QUEUE_LEN_MAX) and leaves the rest in the socket; far beyond that it does not read at all. */
export const MAX_UNANSWERED = 256

interface Waiter {
  readonly command: string
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/**
 * The commands that QEMU owes an answer to, by id. A command whose caller gave up stays here: its answer still comes, and settles a
 * promise that nobody waits for any more.
 */
export class PendingCommands {
  readonly #waiters = new Map<unknown, Waiter>()

  /** Throws QmpBusyError when MAX_UNANSWERED are owed already. */
  checkRoom(command: string): void {
    if (this.#waiters.size < MAX_UNANSWERED) return
    throw new QmpBusyError(`${command} was not sent: QEMU owes ${MAX_UNANSWERED} answers on this connection; reconnect`)
  }

  add(id: number, command: string): Promise<unknown> {
    return new Promise((resolve, reject) => this.#waiters.set(id, { command, resolve, reject }))
  }

  /** Throws QmpProtocolError for an answer to nothing. */
  settle(answer: QmpMessage & { kind: 'return' | 'error' }): void {
    const waiter = this.#waiters.get(answer.id)
    if (!waiter) {
      // QEMU answers without an id when it could not parse what it got.
      const text = answer.kind === 'error' ? `: ${legible(answer.desc, 200)}` : ''
      throw new QmpProtocolError(`QEMU answered a command that was not sent, or answered it twice${text}`)
    }
    this.#waiters.delete(answer.id)
    if (answer.kind === 'return') waiter.resolve(answer.value)
    else waiter.reject(new QmpCommandError(waiter.command, answer.class, answer.desc))
  }

  failAll(reason: QmpConnectionError): void {
    for (const waiter of this.#waiters.values()) waiter.reject(reason)
    this.#waiters.clear()
  }
}
