import { BenchTable } from './bench-table.ts'
import type { LabEvent } from './events.ts'
import { bootFiles } from './images/boot-files.ts'
import { buildPayload } from './images/payload.ts'
import { type Beginning, LabMachine } from './lab-machine.ts'
import type { LabOptions } from './options.ts'
import { Plan } from './plan.ts'
import { Report } from './report.ts'
import type { RunDirectory } from './run-directory.ts'
import { type Snapshots, snapshotsOf } from './snapshots.ts'
import type { SourcePositions } from './source-positions.ts'
import { converse } from './terminal.ts'

const WHAT_IS_UP: Record<Beginning, string> = {
  nothing: 'Xen and dom0 are up (booted; the next run starts from here)',
  booted: 'Xen and dom0 are up (from the snapshot)',
  prepared: 'Xen, dom0 and guests are up (from the snapshot)',
}

/** One run: builds, boots, hands over, listens, and says what came of it. */
export class Lab {
  readonly #options: LabOptions
  readonly #directory: RunDirectory
  readonly #print: (line: string) => void
  readonly #report: Report
  readonly #table = new BenchTable()
  readonly #began = performance.now()
  #machines: readonly LabMachine[] = []
  #plan = new Plan(1)
  /** Topics that dom0 has tests of, and the plan does not know. */
  #unplanned: readonly string[] = []
  #sources: SourcePositions | undefined
  #isOver = false

  constructor(options: LabOptions, directory: RunDirectory, print: (line: string) => void) {
    this.#options = options
    this.#directory = directory
    this.#print = print
    this.#report = new Report(print)
  }

  /** Resolves when each dom0 has done what it was asked to, or the person has left. @throws when it cannot be done */
  async run(): Promise<void> {
    const { mode, fresh, prepares } = this.#options
    const snapshots = await this.#makeMachines()
    const [first] = this.#machines
    if (!first || this.#isOver) return
    const interactive = mode === 'shell'
    const beginning = fresh ? 'nothing' : this.#beginningFrom(snapshots)
    const up = first.start(beginning, interactive)
    up.then(
      () => this.#print(`lab: ${WHAT_IS_UP[beginning]} after ${this.#seconds()} s`),
      () => undefined,
    )
    const prepared = beginning === 'prepared'
    await Promise.all(
      this.#machines.map(async (machine, number) => {
        // The first makes the snapshot where there is none.
        if (machine === first || beginning === 'nothing') await up
        if (machine !== first) await machine.start(prepared ? 'prepared' : 'booted', interactive)
        // The other works meanwhile; what this one does next is spared nearly as much.
        const isLast = machine === this.#machines.at(-1)
        if (isLast && !prepared && prepares && this.#runsAll) await machine.prepare()
        if (mode === 'test') await this.#test(machine, number)
        else if (mode === 'shell') await machine.shell(converse)
        else await machine.finish(mode)
      }),
    )
    if (mode !== 'test') return
    if (this.#plan.left.length > 0) throw new Error('no machine could run more tests')
    if (this.#unplanned.length > 0) throw new Error(`no machine is given '${this.#unplanned.join("', '")}' to test`)
  }

  /** Whatever is left to be tested. */
  async #test(machine: LabMachine, number: number): Promise<void> {
    const { filters } = this.#options
    for (let topic = this.#plan.next(number); topic !== undefined; topic = this.#plan.next(number)) {
      if (!(await machine.test({ topic, filters }))) return
    }
    await machine.finish('end')
  }

  get #runsAll(): boolean {
    return this.#options.mode === 'test' && this.#options.filters.length === 0
  }

  /** Whatever spares most. Measurements want no other guests beside theirs. */
  #beginningFrom({ prepared, booted }: Snapshots): Beginning {
    if (this.#options.mode !== 'bench' && prepared.exists) return 'prepared'
    return booted.exists ? 'booted' : 'nothing'
  }

  /** Says how it went; returns the exit code. @param problem why the run was over before its end */
  conclude(problem: string | undefined): number {
    this.#isOver = true
    const { mode, json } = this.#options
    if (mode === 'shell') {
      if (problem !== undefined) this.#print(`lab: ${problem}`)
      return problem === undefined ? 0 : 1
    }
    if (mode === 'bench') {
      this.#print(this.#table.toMarkdown())
      if (json !== undefined) this.#table.writeJson(json)
      const missing = problem ?? (this.#table.isEmpty ? 'nothing was measured' : undefined)
      return missing === undefined ? 0 : this.#fail(`lab: ${missing}`)
    }
    this.#report.close(problem)
    const notBegun = problem === undefined || this.#machines.length === 0 ? [] : this.#plan.left
    for (const topic of notBegun) this.#print(`  ${topic}: not begun`)
    if (json !== undefined) this.#report.writeJson(json)
    const totals = `lab: ${this.#report.totals()} in ${this.#seconds()} s`
    if (!this.#report.passed) return this.#fail(totals)
    this.#print(totals)
    return 0
  }

  async end(): Promise<void> {
    await Promise.all(this.#machines.map(machine => machine.end()))
  }

  #fail(line: string): number {
    this.#print(line)
    this.#print(`lab: consoles and logs of Xen, dom0, stubdomains and guests are in ${this.#directory.keepLogs()}`)
    return 1
  }

  #take(machine: number, event: LabEvent): void {
    const readable = (text: string) => this.#sources?.in(text) ?? text
    if (event.event === 'note') this.#print(readable(event.text))
    else if (event.event === 'measured') this.#table.add(event.row)
    else if (event.event !== 'log') {
      if (event.event === 'planned') this.#unplanned = Plan.without(event.topics)
      const test = event.event === 'failed' ? { ...event, error: readable(event.error) } : event
      this.#report.take(machine, test, this.#machines[machine]?.processorSeconds ?? 0)
    }
  }

  /** What a person has chosen is mostly done before a second machine is of use. @returns what they may begin from */
  async #makeMachines(): Promise<Snapshots> {
    const count = this.#runsAll ? this.#options.machines : 1
    this.#plan = new Plan(count)
    const boot = await bootFiles()
    const { archive, sources } = await buildPayload({ stock: this.#options.mode === 'bench' })
    this.#sources = sources
    const snapshots = await snapshotsOf(boot, archive)
    this.#report.expect(count)
    this.#machines = Array.from({ length: count }, (_, number) => {
      const directory = this.#directory.ofMachine(`machine-${number + 1}`)
      return new LabMachine(boot, directory, archive, snapshots, event => this.#take(number, event))
    })
    return snapshots
  }

  #seconds(): string {
    return ((performance.now() - this.#began) / 1_000).toFixed(1)
  }
}
