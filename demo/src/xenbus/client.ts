import type { Socket } from 'node:net'
import { type ErrnoName, encodeMessage, type Message, MessageParser, Op, PAYLOAD_MAX } from '@stubdom/xenstore'
import type { Outgoing, Upstream } from './upstream.ts'
import { OwnWatches, parseWatch, watchPayload } from './watches.ts'

/** Requests of one client that the daemon has not answered; more stay in its socket. */
const OUTSTANDING_MAX = 64

/** Bytes. A client that leaves more unread is disconnected; replies alone never come to that. */
const UNREAD_BYTES_MAX = 1 << 20

/**
 * One client of the bus: its requests, and the watches and transactions that are its own and end with it.
 * What is not its own it cannot use: see Linux, drivers/xen/xenbus/xenbus_dev_frontend.c (xenbus_write_transaction).
 */
export class BusClient {
  readonly #socket: Socket
  readonly #upstream: Upstream
  readonly #prefix: string
  readonly #parser = new MessageParser()
  readonly #watches = new OwnWatches()
  readonly #transactions = new Set<number>()
  /** Changes whenever all that the client had ends; a transaction that was asked for before ends as soon as it begins. */
  #era = 0
  #outstanding = 0

  /** @param prefix distinguishes its watches' tokens from those of others */
  constructor(socket: Socket, upstream: Upstream, prefix: string) {
    this.#socket = socket
    this.#upstream = upstream
    this.#prefix = prefix
    socket.on('data', bytes => {
      this.#parser.feed(bytes)
      this.#serve()
    })
    socket.on('drain', () => this.#serve())
    socket.on('error', () => {}) // 'close' follows.
    socket.once('close', () => this.#endAll(() => {}))
  }

  /** @param token without the prefix */
  event(path: string, token: string): void {
    this.#send({ type: Op.WATCH_EVENT, requestId: 0, transactionId: 0, payload: watchPayload({ path, token }) })
  }

  close(): void {
    this.#socket.destroy()
  }

  /** A client that has much to ask, or does not read, waits in its socket. */
  #serve(): void {
    while (!this.#socket.destroyed) {
      if (this.#outstanding >= OUTSTANDING_MAX || this.#socket.writableNeedDrain) return void this.#socket.pause()
      const next = this.#parser.next()
      if (next.kind === 'need-more') return void this.#socket.resume()
      if (next.kind === 'message') this.#dispatch(next.message)
      // Nobody can tell where the next message begins.
      else this.close()
    }
  }

  #dispatch(message: Message): void {
    const { type, transactionId, payload } = message
    if (transactionId !== 0 && !this.#transactions.has(transactionId)) return this.#refuse(message, 'ENOENT')
    switch (type) {
      case Op.WATCH:
      case Op.UNWATCH:
        return this.#watch(message)
      case Op.RESET_WATCHES:
        return this.#endAll(() => this.#send({ ...message, payload: Buffer.from('OK\0') }))
      case Op.TRANSACTION_START: {
        const era = this.#era
        return this.#forward(message, message, reply => {
          const id = Number(reply.payload.toString('latin1').replace('\0', ''))
          if (era === this.#era) this.#transactions.add(id)
          else this.#upstream.request(abortion(id))
        })
      }
      case Op.TRANSACTION_END:
        // Any other payload would leave it open.
        if (!/^[TF]\0$/.test(payload.toString('latin1'))) return this.#refuse(message, 'EINVAL')
        this.#transactions.delete(transactionId)
        return this.#forward(message, message)
      default:
        return this.#forward(message, message)
    }
  }

  #watch(message: Message): void {
    const watch = parseWatch(message.payload)
    if (!watch) return this.#refuse(message, 'EINVAL')
    const payload = watchPayload({ path: watch.path, token: this.#prefix + watch.token })
    if (payload.length > PAYLOAD_MAX) return this.#refuse(message, 'E2BIG')
    let refused = (): void => {}
    if (message.type === Op.WATCH) refused = this.#watches.add(payload)
    else this.#watches.delete(payload)
    this.#forward(message, { ...message, payload }, undefined, refused)
  }

  #forward(message: Message, outgoing: Outgoing, done?: (reply: Message) => void, refused?: () => void): void {
    this.#outstanding++
    this.#upstream.request(outgoing, reply => {
      this.#outstanding--
      if (reply.type === Op.ERROR) refused?.()
      else done?.(reply)
      this.#send({ ...reply, requestId: message.requestId })
      this.#serve()
    })
  }

  #refuse(message: Message, errno: ErrnoName): void {
    this.#send({ ...message, type: Op.ERROR, payload: Buffer.from(`${errno}\0`) })
  }

  #send(message: Message): void {
    if (this.#socket.destroyed) return
    this.#socket.write(encodeMessage(message))
    if (this.#socket.writableLength > UNREAD_BYTES_MAX) this.close()
  }

  /** Ends every watch and transaction; `done` is called when the daemon has ended the last one. */
  #endAll(done: () => void): void {
    this.#era++
    const endings = [...this.#watches.takeEndings(), ...[...this.#transactions].map(abortion)]
    this.#transactions.clear()
    const last = endings.pop()
    for (const ending of endings) this.#upstream.request(ending)
    if (last) this.#upstream.request(last, done)
    else done()
  }
}

function abortion(transactionId: number): Outgoing {
  return { type: Op.TRANSACTION_END, transactionId, payload: Buffer.from('F\0') }
}
