import { type DomainPair, layOutDomains, type Running, startStubdomctl, World } from '@stubdom/demo'
import { connect, type Dom0, Dom0Error, type Misbehaviour, type Stubdomain } from '@stubdom/dom0-agent'
import { Layout } from '@stubdom/protocol'
import { type Daemon, daemons, startXenstored, type TestXenstored } from '@stubdom/test-xenstored'
import { concatMap, filter, firstValueFrom } from 'rxjs'
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest'
import { cliIn } from '../../packages/dom0-agent/src/testing/run-cli.ts'
import { Liar } from './liar.ts'

const GOOD: DomainPair = { guest: 6, stubdomain: 7, name: 'good' }

/** What a run of stubdomctl gave, and what it said in one document. */
export interface Answer {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  readonly ok: boolean
  readonly error?: { code: string; message: string; outcome: string; misbehaves?: string }
  readonly misbehaves?: readonly Misbehaviour[]
  readonly [field: string]: unknown
}

/** One line of a log. */
export interface Logged {
  readonly fields: object
  readonly message: string
}

/**
 * One Xenstore with a stubdomain that is as it should be, with an agent and a QEMU, and liars beside it; and a session of dom0's that lives as long as all of it.
 */
export class Scene {
  readonly xenstored: TestXenstored
  readonly good: World
  readonly dom0: Dom0
  readonly log: Logged[]
  readonly misbehaviours: Misbehaviour[] = []
  readonly #goodStubdomain: Stubdomain
  #nextDomid = 100

  static async open(daemon: Daemon): Promise<Scene> {
    const xenstored = await startXenstored({ daemon })
    const good = await World.start({ xenstored, domains: GOOD })
    const log: Logged[] = []
    const note = (fields: object, message: string): void => void log.push({ fields, message })
    const logger = { debug: note, warn: note, child: () => logger }
    const dom0 = await connect({ xenstore: xenstored.socketPath, logger })
    const stubdomain = await dom0.stubdomain(GOOD.name)
    // It makes the control directory; a process on a busy machine takes its time to start.
    await stubdomain.ready().catch(() => undefined)
    const scene = new Scene(xenstored, good, dom0, log, stubdomain)
    await scene.appears(`${good.controlDirectory}/${Layout.hello}`)
    return scene
  }

  private constructor(xenstored: TestXenstored, good: World, dom0: Dom0, log: Logged[], goodStubdomain: Stubdomain) {
    this.xenstored = xenstored
    this.good = good
    this.dom0 = dom0
    this.log = log
    this.#goodStubdomain = goodStubdomain
    dom0.misbehaviours.subscribe(misbehaviour => this.misbehaviours.push(misbehaviour))
  }

  async close(): Promise<void> {
    await this.dom0.close()
    await this.good.stop()
    await this.xenstored.stop()
  }

  /** A new pair of domains whose stubdomain is the liar's; gone when the test is over. */
  async liar(): Promise<Liar> {
    const pair = await this.pair()
    return new Liar(pair, await this.xenstored.connectDomain(pair.stubdomain))
  }

  async pair(): Promise<DomainPair> {
    const { xenstored } = this
    const pair = { guest: this.#nextDomid++, stubdomain: this.#nextDomid++, name: `hvm${this.#nextDomid}` }
    await xenstored.hypervisor.create(pair.guest)
    await xenstored.hypervisor.create(pair.stubdomain)
    await layOutDomains(xenstored.dom0, pair)
    onTestFinished(async () => {
      for (const domid of [pair.stubdomain, pair.guest]) {
        await xenstored.destroyDomain(domid)
        await xenstored.dom0.rm(`/local/domain/${domid}`)
      }
    })
    return pair
  }

  /** `stubdomctl --json`, in this process. */
  async cli(...args: string[]): Promise<Answer> {
    const run = await cliIn({ daemon: this.xenstored }).run('--json', ...args)
    return answerOf(run)
  }

  /** The real program as a process of its own, for people: texts, and the log on stderr. */
  start(...args: string[]): Running {
    return startStubdomctl(['--verbose', ...args], this.good.environment)
  }

  /** What the library's session makes of a command. */
  async session(liar: { readonly pair: DomainPair }): Promise<Stubdomain> {
    return this.dom0.stubdomain(liar.pair.name)
  }

  /** Resolves when a node is there. */
  async appears(path: string): Promise<void> {
    const { dom0 } = this.xenstored
    await firstValueFrom(
      dom0.watch(path).pipe(
        concatMap(() => dom0.exists(path)),
        filter(Boolean),
      ),
    )
  }

  reasons({ stubdomain }: DomainPair): string[] {
    return this.misbehaviours.filter(found => found.stubdomain === stubdomain).map(({ why }) => why)
  }

  /** Resolves when the other stubdomain was served as before. @throws what dom0 said instead */
  async othersAreServed(): Promise<void> {
    await this.#goodStubdomain.ping().result
    await this.#goodStubdomain.pciList().result
  }
}

/** Runs a suite on every Xenstore, in one scene for each. */
export function onEachScene(name: string, suite: (scene: () => Scene, daemon: Daemon) => void): void {
  describe.each(daemons())(`${name} [%s]`, daemon => {
    let scene: Scene | undefined
    beforeAll(async () => {
      scene = await Scene.open(daemon)
    })
    afterAll(() => scene?.close())
    suite(() => scene as Scene, daemon)
  })
}

export function answerOf({ exitCode, stdout, stderr }: Pick<Answer, 'exitCode' | 'stdout' | 'stderr'>): Answer {
  const said = { exitCode, stdout, stderr }
  try {
    return { ...(JSON.parse(stdout) as Omit<Answer, keyof typeof said>), ...said } as Answer
  } catch {
    throw new Error(`not one JSON document (exit ${exitCode}):\n${stdout}\n${stderr}`)
  }
}

/** The characters that a terminal would act on, line ends apart. */
export function unprintable(...texts: readonly string[]): readonly string[] {
  return texts.flatMap(text => text.replaceAll('\n', '').match(/[\p{C}\p{Zl}\p{Zp}]/gu) ?? [])
}

/** How a command ends: with a result, or with one of the errors that are documented; nothing else. */
export async function outcomeOf(result: Promise<unknown>): Promise<{ done: unknown } | Dom0Error> {
  const outcome = await result.then(
    done => ({ done }),
    (error: unknown) => error,
  )
  if (outcome instanceof Dom0Error && unprintable(outcome.message).length === 0) return outcome
  if (outcome instanceof Error) throw outcome
  return outcome as { done: unknown }
}
