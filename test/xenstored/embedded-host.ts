import { EmbeddedXenstored, type Quotas } from '@stubdom/xenstore'
import { TestUsageError } from './errors.ts'
import type { Host, Hypervisor, Usage } from './host.ts'

/** The embedded server, in this very process. */
export class EmbeddedHost implements Host {
  readonly hypervisor: Hypervisor = {
    create: domid => this.#running.createDomain(domid),
    destroy: domid => this.#running.destroyDomain(domid),
    shutdown: domid => this.#running.shutdownDomain(domid),
  }
  readonly pid = undefined
  readonly #dir: string
  readonly #quotas: Partial<Quotas>
  #server: EmbeddedXenstored | undefined

  constructor(dir: string, quotas: Partial<Quotas> = {}) {
    this.#dir = dir
    this.#quotas = quotas
  }

  async start(): Promise<void> {
    this.#server = await EmbeddedXenstored.start({ dir: this.#dir, quotas: this.#quotas })
  }

  async kill(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    await server?.stop()
  }

  async usage(): Promise<Usage> {
    const { watches, transactions } = this.#running.counts()
    return { watches, transactions }
  }

  async liveUpdate(): Promise<void> {
    throw new TestUsageError('Only C xenstored can be updated live')
  }

  get #running(): EmbeddedXenstored {
    if (!this.#server) throw new TestUsageError('The embedded server does not run')
    return this.#server
  }
}
