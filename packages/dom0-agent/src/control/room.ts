import {
  controlPath,
  decodeRequestNode,
  idTime,
  isCommandId,
  isCommandName,
  isRequestHead,
  Layout,
  REQUESTS_PER_COMMAND_MAX,
  RETENTION_MS_DEFAULT,
} from '@stubdom/protocol'
import { isErrno, type XenstoreClient } from '@stubdom/xenstore'
import { windowed } from '../windowed.ts'

/** Milliseconds between two sweeps of one stubdomain by one process. */
const SWEEP_EVERY_MS = 30_000

/**
 * Keeps the requests of one stubdomain few. dom0 has no quota, so it bounds itself: each process removes what nobody will collect any
 * more, and counts. What it lists here only dom0 writes.
 */
export class Room {
  readonly #client: XenstoreClient
  readonly #root: string
  readonly #retentionMs: number
  readonly #counts = new Map<string, number>()
  #sweptAt = Number.NEGATIVE_INFINITY

  constructor(client: XenstoreClient, stubdomain: number, retentionMs: number = RETENTION_MS_DEFAULT) {
    this.#client = client
    this.#root = controlPath(stubdomain)
    this.#retentionMs = retentionMs
  }

  /** Whether one request more of `command` may be written. The caller says with {@link release} when it is gone. */
  async take(command: string): Promise<boolean> {
    if (performance.now() - this.#sweptAt >= SWEEP_EVERY_MS) await this.sweep()
    if (this.#count(command) >= REQUESTS_PER_COMMAND_MAX) {
      // The count is as old as the last sweep: look before saying no.
      this.#counts.set(command, (await this.#list(Layout.requestsOf(command))).length)
    }
    const free = this.#count(command) < REQUESTS_PER_COMMAND_MAX
    if (free) this.#counts.set(command, this.#count(command) + 1)
    return free
  }

  release(command: string): void {
    this.#counts.set(command, Math.max(0, this.#count(command) - 1))
  }

  #count(command: string): number {
    return this.#counts.get(command) ?? 0
  }

  /** Removes expired requests and the parts of expired ids. */
  async sweep(): Promise<void> {
    this.#sweptAt = performance.now()
    const [commands, withParts] = await Promise.all([this.#list(Layout.requests), this.#list(Layout.requestPartsRoot)])
    const standing = new Set<string>()
    await windowed(commands.filter(isCommandName), async command => {
      const ids = await this.#list(Layout.requestsOf(command))
      const removed = await windowed(ids, async id => {
        const expired = isCommandId(id) && (await this.#isExpired(command, id))
        if (expired) await this.#remove(Layout.request(command, id))
        else standing.add(id)
        return expired
      })
      this.#counts.set(command, removed.filter(expired => !expired).length)
    })
    const orphans = withParts.filter(id => isCommandId(id) && this.#isOld(id, 0) && !standing.has(id))
    await windowed(orphans, id => this.#remove(Layout.requestParts(id)))
  }

  /** By the time in the id and the deadline in the request, since a command may be allowed more time than answers are kept. */
  async #isExpired(command: string, id: string): Promise<boolean> {
    if (!this.#isOld(id, 0)) return false
    const bytes = await this.#client.readIfExists(`${this.#root}/${Layout.request(command, id)}`)
    const request = bytes && decodeRequestNode('request', bytes)
    return this.#isOld(id, request?.ok && !isRequestHead(request.value) ? request.value.deadlineMs : 0)
  }

  /** An id from the future is of a clock that was wrong: it must not stay for ever. */
  #isOld(id: string, deadlineMs: number): boolean {
    return Math.abs(Date.now() - idTime(id)) > this.#retentionMs + deadlineMs
  }

  #remove(path: string): Promise<void> {
    return this.#client.rm(`${this.#root}/${path}`)
  }

  async #list(path: string): Promise<string[]> {
    try {
      return await this.#client.list(`${this.#root}/${path}`)
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return []
      throw error
    }
  }
}
