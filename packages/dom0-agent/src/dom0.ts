import { idGenerator, RETENTION_MS_DEFAULT } from '@stubdom/protocol'
import { XenstoreClient } from '@stubdom/xenstore'
import type { Observable } from 'rxjs'
import type { ControlNode } from './control/control-node.ts'
import { GREETING_MS_DEFAULT } from './control/greeting.ts'
import { surveyControlDirectory } from './control/survey.ts'
import { listStubdomains, type StubdomainInfo } from './domains/listing.ts'
import { type NamedPair, resolveDomain } from './domains/resolve.ts'
import { type Logger, SILENT } from './logger.ts'
import type { Misbehaviour } from './misbehaviour.ts'
import { HelperHypervisor } from './plumb/helper-hypervisor.ts'
import { Plumbing } from './plumb/plumbing.ts'
import { Link, type WatchStyle } from './session/link.ts'
import { Session } from './session/session.ts'
import type { Saving } from './state/choice.ts'
import { consolePath } from './state/console-node.ts'
import { Stubdomain } from './stubdomain.ts'
import { translated } from './xenstore-errors.ts'

export interface Dom0Options {
  /** xenstored's socket; by default what XENSTORED_PATH, XENSTORED_RUNDIR or Xen's own default say. */
  readonly xenstore?: string | undefined
  /** How a connection is made, where not to that socket: called for the first one and for each that follows. */
  readonly connect?: ((signal?: AbortSignal) => Promise<XenstoreClient>) | undefined
  readonly logger?: Logger | undefined
  /**
   * `directory` (the default) is for long-lived processes: one watch for all responses of a stubdomain. `node` is for short-lived ones: a watch for each command.
   */
  readonly watch?: WatchStyle | undefined
  /** Milliseconds for which an agent is given time to say hello when its control directory had to be made; 2,000 by default. */
  readonly greetingMs?: number | undefined
  /** Milliseconds after which a request that nobody collected is removed; ten minutes by default. */
  readonly retentionMs?: number | undefined
  /** The directory through which saved states come from stubdomains: the same as their agents are configured with. */
  readonly saveDir?: string | undefined
  /** Another way by which states come, and another place for them, than channels and files. */
  readonly saving?: Saving | undefined
  /** The program that makes hypercalls for hot-plugging with plumbing (native/stubdom-plumb.c); `stubdom-plumb` in PATH by default. */
  readonly plumbHelper?: string | undefined
  /** Where the kernel shows its devices: `/sys` by default. */
  readonly sysfs?: string | undefined
}

/**
 * Connects to the Xenstore of this dom0.
 * @throws NoXenstoreError
 */
export async function connect(options: Dom0Options = {}): Promise<Dom0> {
  const client = await translated(() => connection(options))
  return new Dom0(client, options)
}

function connection({ connect: make, xenstore }: Dom0Options, signal?: AbortSignal): Promise<XenstoreClient> {
  return make ? make(signal) : XenstoreClient.connect({ path: xenstore, signal })
}

/** Stubdomains that are listened to at a time, those with commands under way aside: domains come and go as long as a process lives. */
const SESSIONS_MAX = 64

/**
 * Everything that can be done from dom0, over one connection. When that is lost it is made anew, as long as it takes, and commands that are under way
 * go on. They end by their deadline and grace at the latest, and with OutcomeUnknownError when the Xenstore forgot them or did not come back.
 */
export class Dom0 {
  readonly #options: Dom0Options
  readonly #link: Link
  readonly #sessions = new Map<string, Session>()
  readonly #newId = idGenerator(Date.now, Math.random)

  /** Use {@link connect}. */
  constructor(client: XenstoreClient, options: Dom0Options) {
    this.#options = options
    this.#link = new Link(client, signal => connection(options, signal), {
      logger: options.logger ?? SILENT,
      watch: options.watch ?? 'directory',
      greetingMs: options.greetingMs ?? GREETING_MS_DEFAULT,
      retentionMs: options.retentionMs ?? RETENTION_MS_DEFAULT,
    })
  }

  /**
   * Every guest with a stubdomain, by domid.
   * @throws NoXenstoreError, AccessError
   */
  async listStubdomains(): Promise<StubdomainInfo[]> {
    const stubdomains = await translated(() => this.#link.steadily(listStubdomains))
    for (const { stubdomainDomid, misbehaves } of stubdomains) {
      if (misbehaves !== undefined) this.#link.misbehaviours.report(stubdomainDomid, misbehaves)
    }
    return stubdomains
  }

  /**
   * @param domain a name or a domid, of the guest or of its stubdomain; digits are a domid first
   * @throws DomainError, NoXenstoreError, AccessError
   */
  async stubdomain(domain: string | number): Promise<Stubdomain> {
    const pair = await translated(() => this.#link.steadily(client => resolveDomain(client, domain)))
    const session = this.#session(pair)
    const { saveDir, saving, plumbHelper = 'stubdom-plumb', sysfs = '/sys' } = this.#options
    const plumbing = () =>
      new Plumbing({ connection: this.#link, pair, hypervisor: new HelperHypervisor(plumbHelper), sysfs })
    const ways = {
      saveDir,
      saving,
      consolePath: (console: 1 | 2) =>
        translated(() => this.#link.steadily(client => consolePath(client, pair.stubdomain, console))),
    }
    return new Stubdomain(pair, { session, newId: this.#newId, ways, plumbing })
  }

  /**
   * The control directory of a domain's stubdomain, decoded. Read over a connection of its own and within bounds, since a stubdomain may have put
   * anything into its part.
   * @throws DomainError, NoAgentError when there is no control directory, NoXenstoreError, AccessError
   */
  async controlDirectory(domain: string | number): Promise<ControlNode[]> {
    return translated(async () => {
      const pair = await this.#link.steadily(client => resolveDomain(client, domain))
      const client = await connection(this.#options)
      try {
        const report = (why: string): void => this.#link.misbehaviours.report(pair.stubdomain, why)
        return await surveyControlDirectory(client, pair, report)
      } finally {
        await client.close()
      }
    })
  }

  /** Stubdomains that do what no agent of ours does, each reason once a minute: whoever lives long should listen. */
  get misbehaviours(): Observable<Misbehaviour> {
    return this.#link.misbehaviours.observed
  }

  #session(pair: NamedPair): Session {
    const key = `${pair.guest}/${pair.stubdomain}`
    const session = this.#sessions.get(key) ?? new Session(this.#link, pair)
    // The one that was wanted last stands last.
    this.#sessions.delete(key)
    this.#sessions.set(key, session)
    for (const [other, { idle }] of this.#sessions) {
      if (this.#sessions.size <= SESSIONS_MAX) break
      if (!idle || other === key) continue
      this.#sessions.get(other)?.close()
      this.#sessions.delete(other)
    }
    return session
  }

  /** Ends everything; commands that are under way end with OutcomeUnknownError. May be called again. */
  async close(): Promise<void> {
    for (const session of this.#sessions.values()) session.close()
    this.#sessions.clear()
    await this.#link.close()
  }
}
