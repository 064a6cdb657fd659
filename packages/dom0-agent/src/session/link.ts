import type { XenstoreClient } from '@stubdom/xenstore'
import { Liveness } from '../domains/liveness.ts'
import { NoXenstoreError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { Patience } from './patience.ts'

/** How long a process keeps its watches. */
export type WatchStyle = 'node' | 'directory'

export interface LinkSettings {
  readonly logger: Logger
  readonly watch: WatchStyle
  readonly greetingMs: number
  readonly retentionMs: number
}

/** What all that is done over one connection shares. */
export class Link {
  readonly client: XenstoreClient
  readonly settings: LinkSettings
  readonly liveness: Liveness
  readonly patience = new Patience()
  readonly #losers = new Set<(reason: string) => void>()
  #lost: string | undefined
  readonly #chores = new Set<Promise<void>>()

  constructor(client: XenstoreClient, settings: LinkSettings) {
    this.client = client
    this.settings = settings
    this.liveness = new Liveness(client)
    client.closed.then(error => {
      const reason = error?.message ?? 'it was closed'
      this.#lost = reason
      for (const lose of this.#losers) lose(reason)
    })
  }

  /** @throws NoXenstoreError when the connection has ended */
  checkConnected(): void {
    if (this.#lost === undefined) return
    throw new NoXenstoreError(`the connection to Xenstore has ended: ${this.#lost}`, { remedy: 'connect anew' })
  }

  /** Calls `lose` when the connection ends; the result ends that. One promise's reactions would pile up with every command instead. */
  whenLost(lose: (reason: string) => void): () => void {
    this.#losers.add(lose)
    return () => this.#losers.delete(lose)
  }

  /** Something that nobody waits for but `close`. */
  chore(name: string, work: Promise<void>): void {
    const done = work
      .catch((error: unknown) => this.settings.logger.debug({ err: error }, `${name} failed`))
      .finally(() => this.#chores.delete(done))
    this.#chores.add(done)
  }

  /** Ends the connection when all chores are done. */
  async close(): Promise<void> {
    while (this.#chores.size > 0) await Promise.all(this.#chores)
    await this.client.close()
  }
}
