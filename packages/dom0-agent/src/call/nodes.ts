import { controlPath, decodeHello, type EncodedMessage, Layout, type NodeBytes } from '@stubdom/protocol'
import type { Connection } from '../connection.ts'
import { reached } from '../steps.ts'
import { windowed } from '../windowed.ts'

/** The parts of a request could not be written, so that the node that commits it was not sent at all. */
export class RequestNotSentError extends Error {
  override readonly name = 'RequestNotSentError'
}

/** The nodes of one call in the store. Reading one that is not there gives undefined. */
export class CallNodes {
  readonly #connection: Pick<Connection, 'client'>
  readonly #root: string
  readonly #command: string
  readonly #id: string
  #rewritten: Promise<void> = Promise.resolve()
  #isUnwanted = false

  constructor(connection: Pick<Connection, 'client'>, stubdomain: number, command: string, id: string) {
    this.#connection = connection
    this.#root = controlPath(stubdomain)
    this.#command = command
    this.#id = id
  }

  /**
   * The parts first: the node itself is what commits the request. Without parts it leaves at once, in one flush with what is asked next. All
   * over one connection: the next one may lead to a store that has none of it.
   * @throws RequestNotSentError
   */
  async writeRequest({ node, parts }: EncodedMessage): Promise<void> {
    const { client } = this.#connection
    if (parts.length > 0) {
      const written = windowed(parts, (part, index) =>
        client.write(this.#path(Layout.requestPart(this.#id, index)), part),
      )
      await written.catch((cause: Error) => {
        throw new RequestNotSentError(cause.message, { cause })
      })
    }
    const written = client.write(this.#requestPath, node)
    reached('request sent')
    await written
    reached('request written')
  }

  /**
   * The request once more, with `cancel`: even where it is gone, since the agent may remember its answer; but never into a directory that ended with its domain,
   * and would begin anew by it. Not when the request was removed from here meanwhile.
   */
  async rewriteRequest(node: string): Promise<void> {
    const rewritten = this.#connection.client.transaction(async transaction => {
      const stands = await transaction.readIfExists(this.#path(Layout.requests))
      if (stands !== undefined && !this.#isUnwanted) await transaction.write(this.#requestPath, node)
    })
    this.#rewritten = rewritten.catch(() => undefined)
    await rewritten
    reached('cancel written')
  }

  /** Resolves when no `cancel` is on its way; never rejects. */
  get rewritten(): Promise<void> {
    return this.#rewritten
  }

  async removeRequest(withParts: boolean): Promise<void> {
    await this.#endRewriting()
    await this.#removeRequest(withParts)
  }

  /** Takes the request back; what the agent had said by then. */
  async withdraw(withParts: boolean): Promise<NodeBytes> {
    await this.#endRewriting()
    const [, response] = await Promise.all([this.#removeRequest(withParts), this.readResponse()])
    return response
  }

  /** The epoch of the agent that is there; undefined when there is none, or its hello is of no use: `problem` says why. */
  async readHello(): Promise<{ readonly epoch: string | undefined; readonly problem: string | undefined }> {
    const bytes = await this.#read(Layout.hello)
    const hello = bytes && decodeHello(bytes)
    return { epoch: epochOf(bytes), problem: hello && !hello.ok ? hello.error.message : undefined }
  }

  readRequest(): Promise<NodeBytes> {
    return this.#connection.client.readIfExists(this.#requestPath)
  }

  readResponse(): Promise<NodeBytes> {
    return this.#read(Layout.response(this.#command, this.#id))
  }

  readResponseParts(count: number): Promise<NodeBytes[]> {
    return windowed(Array.from({ length: count }), (_, index) => this.#read(Layout.responsePart(this.#id, index)))
  }

  readRefused(): Promise<NodeBytes> {
    return this.#read(Layout.refused)
  }

  /** A transaction ends when it can: what is removed before would come again. */
  #endRewriting(): Promise<void> {
    this.#isUnwanted = true
    return this.#rewritten
  }

  async #removeRequest(withParts: boolean): Promise<void> {
    const request = this.#connection.client.rm(this.#requestPath)
    const parts = withParts ? this.#connection.client.rm(this.#path(Layout.requestParts(this.#id))) : undefined
    reached('request removal sent')
    await Promise.all([request, parts])
    reached('request removed')
  }

  get #requestPath(): string {
    return this.#path(Layout.request(this.#command, this.#id))
  }

  #path(relative: string): string {
    return `${this.#root}/${relative}`
  }

  #read(relative: string): Promise<NodeBytes> {
    return this.#connection.client.readIfExists(this.#path(relative))
  }
}

export function epochOf(bytes: NodeBytes): string | undefined {
  const hello = bytes && decodeHello(bytes)
  return hello?.ok && 'hello' in hello.value ? hello.value.hello.epoch : undefined
}
