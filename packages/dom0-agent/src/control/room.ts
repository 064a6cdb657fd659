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

/** Milliseconds between two looks at a command's directory that is full. */
const LOOK_EVERY_MS = 100

/** The requests of one command: those of this process by their ids, written or about to be, and how many others stood there. */
interface Tally {
  readonly ours: Set<string>
  others: number
  lookedAt: number
}

function isFull({ ours, others }: Tally): boolean {
  return ours.size + others >= REQUESTS_PER_COMMAND_MAX
}

/**
 * Keeps the requests of one stubdomain few. dom0 has no quota, so it bounds itself: each process removes what nobody will collect any
 * more, and counts. What it lists here only dom0 writes.
 */
export class Room {
  readonly #client: XenstoreClient
  readonly #root: string
  readonly #retentionMs: number
  readonly #tallies = new Map<string, Tally>()
  #sweptAt = Number.NEGATIVE_INFINITY

  constructor(client: XenstoreClient, stubdomain: number, retentionMs: number = RETENTION_MS_DEFAULT) {
    this.#client = client
    this.#root = controlPath(stubdomain)
    this.#retentionMs = retentionMs
  }

  /** Whether the request `id` may be written. If so, the caller says with {@link end} when its call has ended. */
  async take(command: string, id: string): Promise<boolean> {
    if (performance.now() - this.#sweptAt >= SWEEP_EVERY_MS) await this.sweep()
    const tally = this.#tally(command)
    // The others' number is as old as the last look; how often a crowd that is refused makes us look is bounded.
    if (isFull(tally) && performance.now() - tally.lookedAt >= LOOK_EVERY_MS) {
      tally.lookedAt = performance.now()
      this.#found(command, await this.#list(Layout.requestsOf(command)))
    }
    if (isFull(tally)) return false
    tally.ours.add(id)
    return true
  }

  /** @param collected whether the request goes now; else it stands there until it expires */
  end(command: string, id: string, collected: boolean): void {
    const tally = this.#tally(command)
    if (tally.ours.delete(id) && !collected) tally.others++
  }

  #tally(command: string): Tally {
    const tally = this.#tallies.get(command) ?? { ours: new Set(), others: 0, lookedAt: Number.NEGATIVE_INFINITY }
    this.#tallies.set(command, tally)
    return tally
  }

  #found(command: string, ids: readonly string[]): void {
    const tally = this.#tally(command)
    tally.others = ids.filter(id => !tally.ours.has(id)).length
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
      this.#found(
        command,
        ids.filter((_, index) => !removed[index]),
      )
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

  /**
   * An id from the future is of a clock that was wrong: it must not stay for ever. But what this process waits for is not old, whatever a clock that was set makes
   * of it.
   */
  #isOld(id: string, deadlineMs: number): boolean {
    if ([...this.#tallies.values()].some(({ ours }) => ours.has(id))) return false
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
