import { Op } from '@stubdom/xenstore'
import type { Outgoing } from './upstream.ts'

/** A path and a token, as they stand in WATCH, UNWATCH and events; latin1 keeps every byte. */
export interface Watch {
  readonly path: string
  readonly token: string
}

/** Undefined when it is not exactly two NUL-terminated strings. */
export function parseWatch(payload: Buffer): Watch | undefined {
  const [path, token, end, ...rest] = payload.toString('latin1').split('\0')
  return path !== undefined && token !== undefined && end === '' && rest.length === 0 ? { path, token } : undefined
}

export function watchPayload({ path, token }: Watch): Buffer {
  return Buffer.from(`${path}\0${token}\0`, 'latin1')
}

/**
 * The watches of one client, as the daemon has them or will have them when it has read what was sent: it takes requests in order. UNWATCHes of
 * them that are sent now thus end all of them, those included whose WATCH has no reply yet.
 */
export class OwnWatches {
  readonly #sent = new Map<string, Buffer>()

  /** A WATCH is being sent. The function returned is to be called when the daemon refused it. */
  add(payload: Buffer): () => void {
    const key = payload.toString('latin1')
    // The second of two equal ones will be refused, and the first stays.
    if (this.#sent.has(key)) return () => {}
    this.#sent.set(key, payload)
    return () => {
      if (this.#sent.get(key) === payload) this.#sent.delete(key)
    }
  }

  /** An UNWATCH is being sent. */
  delete(payload: Buffer): void {
    this.#sent.delete(payload.toString('latin1'))
  }

  /** What ends all of them; forgets them. */
  takeEndings(): Outgoing[] {
    const endings = [...this.#sent.values()].map(payload => ({ type: Op.UNWATCH, transactionId: 0, payload }))
    this.#sent.clear()
    return endings
  }
}
