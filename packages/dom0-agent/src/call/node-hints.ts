import { controlPath, Layout } from '@stubdom/protocol'
import type { Connection } from '../connection.ts'
import type { Logger } from '../logger.ts'
import { EventBudget, NOISE, type ResponseHints } from './hints.ts'

/**
 * A watch on each call's own response node: for short-lived processes. With a watch on the directory each would hear all the others' traffic, and one that
 * was stopped with Ctrl-Z would stall the stubdomain.
 */
export class NodeHints implements ResponseHints {
  readonly #connection: Connection
  readonly #root: string
  readonly #logger: Logger
  readonly #report: (why: string) => void

  /** @param report told why when the stubdomain is too noisy to be listened to */
  constructor(connection: Connection, stubdomain: number, logger: Logger, report: (why: string) => void) {
    this.#connection = connection
    this.#root = controlPath(stubdomain)
    this.#logger = logger
    this.#report = report
  }

  follow(command: string, id: string, look: () => void): () => void {
    const budget = new EventBudget()
    const subscription = this.#connection.watch(`${this.#root}/${Layout.response(command, id)}`).subscribe({
      next: () => {
        if (budget.spend()) return look()
        this.#report(NOISE)
        subscription.unsubscribe()
      },
      error: (error: unknown) => this.#logger.warn({ err: error, id }, 'no watch: looking at intervals instead'),
    })
    return () => subscription.unsubscribe()
  }

  liveEpoch(): undefined {
    return undefined
  }

  close(): void {}
}
