import type { Socket } from 'node:net'
import { MessageParser } from '../wire/codec.ts'
import type { Core } from './core.ts'
import type { Session } from './session.ts'

/** While so many replies wait for a client to read them, none of its requests is served (xenstored's quota_req_outstanding). */
const UNREAD_REPLIES_MAX = 20

/** One connected client: from its socket's bytes to requests, and from its outbox to the socket. */
export class Link {
  readonly #socket: Socket
  readonly #session: Session
  readonly #core: Core
  readonly #served: () => void
  readonly #parser = new MessageParser()
  #stalled = false

  /** `served` is called when requests have been served: anybody's outbox may hold something then. */
  constructor(socket: Socket, session: Session, core: Core, served: () => void) {
    this.#socket = socket
    this.#session = session
    this.#core = core
    this.#served = served
    socket.on('data', chunk => {
      this.#parser.feed(chunk)
      this.#serve()
    })
    socket.on('drain', () => this.#drained())
    // A client may vanish at any time; 'close' follows and is what counts.
    socket.on('error', () => {})
    socket.resume()
  }

  /** Sends what waits, unless the client does not read; drops the client when too much waits. */
  flush(): void {
    const { outbox } = this.#session
    if (outbox.overflowed) this.close()
    else if (!outbox.isEmpty && !this.#socket.writableNeedDrain) this.#socket.write(outbox.take())
  }

  close(): void {
    this.#socket.destroy()
  }

  #serve(): void {
    while (!this.#socket.destroyed && !this.#mustWait()) {
      const next = this.#parser.next()
      if (next.kind === 'need-more') break
      if (next.kind === 'message') this.#core.handle(this.#session, next.message)
      else {
        this.#core.ignore(this.#session)
        this.close()
      }
    }
    this.#served()
  }

  #mustWait(): boolean {
    const { outbox } = this.#session
    if (outbox.replies < UNREAD_REPLIES_MAX) return false
    this.flush()
    if (outbox.isEmpty) return false
    this.#stalled = true
    this.#socket.pause()
    return true
  }

  #drained(): void {
    this.flush()
    if (!this.#stalled) return
    this.#stalled = false
    this.#socket.resume()
    this.#serve()
  }
}
