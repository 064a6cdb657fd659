import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Running } from '@stubdom/demo'
import { expect } from 'vitest'
import { type Report, report } from '../support/worlds.ts'
import { CrashWorld, type Truth } from './crash-world.ts'
import { COLLECTING, type Matrix } from './matrix/matrix.ts'
import { DONE, EXPIRED, MAYBE_LOST, NEVER_ASKED, type Outcome } from './matrix/outcome.ts'

/** The agent's, and the test's. */
const WATCHES = 2

/**
 * One crash after another in one world: each begins with a device model in the same state, and must leave nothing. After one that did not end as it should
 * the next begins in a new world.
 */
export class Play {
  readonly #matrix: Matrix
  #current: CrashWorld | undefined
  #ids: ReadonlySet<string> = new Set()
  #told: Record<string, number> = {}
  /** What stands in Xenstore whenever nothing is going on. */
  #stands: unknown

  constructor(matrix: Matrix) {
    this.#matrix = matrix
  }

  async end(): Promise<void> {
    const world = this.#current
    this.#current = undefined
    this.#stands = undefined
    await world?.end()
  }

  get #before(): Truth {
    return { waiting: false, ...this.#matrix.before }
  }

  get #world(): CrashWorld {
    if (this.#current) return this.#current
    throw new Error('there is no world before a crash has begun')
  }

  async #row<T>(body: () => Promise<T>): Promise<T> {
    try {
      this.#current ??= await CrashWorld.begin('cooperative', this.#before.waiting)
      await this.#begin()
      return await body()
    } catch (error) {
      await this.end()
      throw error
    }
  }

  /** Without a crash: the steps that both programs come to. */
  undisturbed(): Promise<{ dom0: string[]; agent: string[] }> {
    return this.#row(() => this.#undisturbed())
  }

  async #undisturbed(): Promise<{ dom0: string[]; agent: string[] }> {
    const world = this.#world
    await world.forgetSteps()
    expect(await report(this.#give())).toMatchObject({ ok: true })
    await this.#nothingLeft()
    expect(await world.told(this.#matrix.once), 'QEMU keeps a record').toEqual(
      Object.fromEntries(this.#matrix.once.map(command => [command, (this.#told[command] ?? 0) + 1])),
    )
    // What comes before belongs to the command before, which the agent had not quite done with.
    const own = (steps: string[]): string[] => steps.slice(steps.indexOf('request read'))
    await expect.poll(async () => own(await world.steps('agent'))).toContain('answer removed')
    return { dom0: await world.steps('dom0'), agent: own(await world.steps('agent')) }
  }

  /** The process in dom0 ends at a step; another one asks what became of its command. */
  dom0Dies(at: string, outcome: Outcome): Promise<void> {
    return this.#row(() => this.#dom0Dies(at, outcome))
  }

  async #dom0Dies(at: string, outcome: Outcome): Promise<void> {
    const { world } = this.#world
    await this.#world.arm('dom0', at)
    // A QEMU that stands still lets the agent's word that it is at work stand until it is read.
    const isSlow = at === 'progress read'
    if (isSlow) await world.qemu.pause()
    await this.#died(this.#give())
    if (isSlow) world.qemu.resume()
    const isAsked = await this.#world.isAsked(this.#ids)
    if (outcome !== MAYBE_LOST) expect(isAsked).toBe(outcome !== NEVER_ASKED)
    if (isAsked) return this.#judge(outcome, await this.#pickUp())
    expect(await this.#world.truth()).toEqual(this.#before)
    await this.#orphanGoes()
    await this.#judge(outcome, await report(this.#give()))
  }

  /** A state that lies there for a request which never came goes when an agent starts. */
  async #orphanGoes(): Promise<void> {
    const { kept } = await this.#world.files()
    expect(kept.length).toBe(this.#matrix.effect.restored ? 1 : 0)
    if (kept.length === 0) return
    await this.#world.world.killAgent()
    await this.#world.nextAgent()
    expect((await this.#world.files()).kept, 'the next agent keeps nothing of it').toEqual([])
  }

  /** The agent ends at a step, and the process that waits for it has ended before, if it had no answer yet; another agent starts, another process asks. */
  agentDies(at: string, outcome: Outcome, again?: string): Promise<void> {
    return this.#row(() => this.#agentDies(at, outcome, again))
  }

  async #agentDies(at: string, outcome: Outcome, again?: string): Promise<void> {
    const { world } = this.#world
    const isCollected = COLLECTING.has(at)
    await this.#world.arm('agent', at)
    if (!isCollected) await this.#world.arm('dom0', 'request written')
    const caller = this.#give()
    const answer = isCollected ? await report(caller) : await this.#died(caller)
    await this.#world.agentDied(at)
    if (outcome.effect === 'lost') await this.#qemuEnds()
    if (again !== undefined) {
      await this.#world.arm('agent', again)
      await world.startAgent()
      await this.#world.agentDied(again)
    }
    await this.#world.nextAgent()
    if (answer) await this.#judge(EXPIRED, await this.#pickUp())
    const last = answer ?? (await this.#pickUp())
    await this.#judge(outcome, last)
    if (this.#matrix.effect.restored && !last.ok) await this.#givenAgain(last)
  }

  /** By itself. */
  async #qemuEnds(): Promise<void> {
    expect(await this.#world.world.qemu.exited, 'QEMU gives up').toMatchObject({ code: 1 })
    await this.#toldSince(this.#told, 1)
    await this.#world.nextQemu()
  }

  /** A device model takes the state after all: the same one if nothing was done, else one that was started anew. */
  async #givenAgain({ error }: Report): Promise<void> {
    if (error?.outcome === 'partly') await this.#world.anotherQemu()
    expect(await report(this.#give()), 'given again').toMatchObject({ ok: true })
    await this.#isTrue(DONE, { ok: true, exitCode: 0 })
    // No QEMU here was told anything before its row began.
    await this.#toldSince({}, 1)
    await this.#nothingLeft()
  }

  /** QEMU ends when the agent comes to a step; the process that waits is answered; another QEMU starts. */
  qemuDies(at: string, outcome: Outcome): Promise<void> {
    return this.#row(() => this.#qemuDies(at, outcome))
  }

  async #qemuDies(at: string, outcome: Outcome): Promise<void> {
    const { world } = this.#world
    await this.#world.arm('agent', at, world.qemu.pid)
    const caller = this.#give()
    const answer = await report(caller)
    await expect.poll(() => this.#world.isArmed('agent'), { message: `the agent came to ${at}` }).toBe(false)
    await world.qemu.exited
    await this.#toldSince(this.#told, 1)
    await this.#world.nextQemu()
    await this.#judge(outcome, answer)
    const later = await this.#pickUp()
    expect(later, 'the answer was collected').toMatchObject({ error: { code: 'expired', outcome: 'unknown' } })
    await world.killAgent()
    await this.#world.nextAgent()
  }

  async #begin(): Promise<void> {
    const { command, once } = this.#matrix
    await this.#world.bring(this.#before, command === 'pci-detach')
    this.#ids = await this.#world.ids()
    this.#told = await this.#world.told(once)
    await this.#world.test.quiet()
    this.#stands ??= { watches: WATCHES, transactions: 0, nodes: await this.#world.test.nodes() }
  }

  #give(): Running {
    return this.#world.give(this.#matrix.command, ...this.#matrix.args)
  }

  async #pickUp(): Promise<Report> {
    const id = await this.#world.newId(this.#ids)
    return this.#world.pickUp(id, this.#matrix.command, ...this.#matrix.args)
  }

  async #died(running: Running): Promise<undefined> {
    const { exitCode, stdout } = await running.finished
    expect({ exitCode, stdout }, 'the process ended at the step').toEqual({ exitCode: 137, stdout: '' })
  }

  async #judge(outcome: Outcome, answer: Report): Promise<void> {
    const possible = outcome.answers.length > 0 ? outcome.answers : [{ ok: true }]
    expect(possible, `the answer is ${JSON.stringify(answer)}`).toContainEqual(
      expect.toSatisfy(one => matches(answer, one)),
    )
    await this.#isTrue(outcome, answer)
    // A new QEMU begins a new record; what the old one was told is no business of its.
    await (outcome.effect === 'lost' ? this.#toldSince({}, 0) : this.#toldSince(this.#told, 1))
    await this.#nothingLeft()
  }

  /** What QEMU itself says, against the answer. */
  async #isTrue({ effect }: Outcome, answer: Report): Promise<void> {
    const before = this.#before
    const after: Truth = { ...before, ...pick(this.#matrix.effect) }
    const truth = await this.#world.truth()
    if (effect === 'lost') expect(truth, 'a new QEMU').toEqual(this.#anew)
    else if (effect === 'there' || answer.ok) expect(truth).toEqual(after)
    else if (effect === 'comes') await expect.poll(() => this.#world.truth(), { timeout: 10_000 }).toEqual(after)
    else if (effect !== 'open') expect(truth).toEqual(before)
    await this.#isSaved(effect, answer)
    if (before.waiting) expect(await this.#world.isRestored()).toBe(!(await this.#world.truth()).waiting)
  }

  /** A device model that was just started. */
  get #anew(): Truth {
    const { waiting } = this.#before
    return { attached: false, running: !waiting, waiting }
  }

  async #isSaved(effect: Outcome['effect'], answer: Report): Promise<void> {
    const isThere = this.#matrix.effect.saved === true && (answer.ok || effect === 'there')
    const { target } = await this.#world.files()
    expect(target, 'nothing but the whole file').toEqual(isThere ? ['state'] : [])
    if (!isThere) return
    const bytes = await readFile(this.#world.file)
    expect(bytes.subarray(0, 4).toString()).toBe('QEVM')
    if (answer.ok) expect(answer['result']).toMatchObject({ sha256: createHash('sha256').update(bytes).digest('hex') })
  }

  /** QEMU’s own record: no command with an effect came to it more often. */
  async #toldSince(before: Record<string, number>, most: number): Promise<void> {
    const told = await this.#world.told(this.#matrix.once)
    for (const [command, count] of Object.entries(told)) {
      expect(count - (before[command] ?? 0), `${command} was given to QEMU`).toBeLessThanOrEqual(most)
    }
  }

  async #nothingLeft(): Promise<void> {
    await this.#world.test.quiet()
    await expect.poll(() => this.#world.stands(), { timeout: 10_000 }).toEqual(this.#stands)
    const { kept, shared } = await this.#world.files()
    expect(kept, 'the agent keeps no state').toEqual([])
    expect(shared, 'nor anything that it shared with QEMU').toEqual([])
  }
}

function matches(answer: Report, wanted: unknown): boolean {
  try {
    expect(answer).toMatchObject(wanted as object)
    return true
  } catch {
    return false
  }
}

function pick({ attached, running, restored }: Matrix['effect']): Partial<Truth> {
  return {
    ...(attached === undefined ? {} : { attached }),
    ...(running === undefined ? {} : { running }),
    ...(restored === undefined ? {} : { waiting: !restored }),
  }
}
