import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BenchTable } from './bench-table.ts'
import { bootFiles, bootMachine } from './boot.ts'
import { EventStream } from './event-stream.ts'
import type { LabEvent } from './events.ts'
import { buildPayload } from './images/payload.ts'
import type { MachineFiles } from './machine/command-line.ts'
import type { Machine } from './machine/machine.ts'
import type { LabOptions } from './options.ts'
import { Report } from './report.ts'
import type { RunDirectory } from './run-directory.ts'
import { converse } from './terminal.ts'

/** The disk's size is part of the machine, and so of the snapshot. */
const PAYLOAD_BYTES = 256 << 20

/** One run: builds, boots, hands over, listens, and says what came of it. */
export class Lab {
  readonly #options: LabOptions
  readonly #directory: RunDirectory
  readonly #print: (line: string) => void
  readonly #report: Report
  readonly #table = new BenchTable()
  readonly #began = performance.now()
  #machine: Machine | undefined
  #isOver = false

  constructor(options: LabOptions, directory: RunDirectory, print: (line: string) => void) {
    this.#options = options
    this.#directory = directory
    this.#print = print
    this.#report = new Report(print)
  }

  /** Resolves when dom0 has done what it was asked to, or the person has left. @throws when it cannot be done */
  async run(): Promise<void> {
    const { mode, fresh } = this.#options
    const files = await this.#prepare()
    let events: EventStream | undefined
    const listen = (started: Machine) => {
      this.#machine = started
      events = new EventStream(started.events, event => this.#take(event))
      return events
    }
    if (this.#isOver) return
    const { machine, how } = await bootMachine(files, { fresh, interactive: mode === 'shell' }, listen)
    const whence = how === 'snapshot' ? 'from the snapshot' : 'booted; the next run starts from here'
    this.#print(`lab: Xen and dom0 are up after ${this.#seconds()} s (${whence})`)
    machine.events.write('go\n')
    const died = machine.exited.then(reason => {
      throw new Error(`the machine ended: ${reason}`)
    })
    died.catch(() => undefined)
    if (mode === 'shell') {
      await Promise.race([events?.ready, died])
      await Promise.race([converse(machine), events?.ended])
    } else await Promise.race([events?.ended, died])
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
    if (json !== undefined) this.#report.writeJson(json)
    const totals = `lab: ${this.#report.totals()} in ${this.#seconds()} s`
    if (!this.#report.passed) return this.#fail(totals)
    this.#print(totals)
    return 0
  }

  async end(): Promise<void> {
    await this.#machine?.end()
  }

  #fail(line: string): number {
    this.#print(line)
    this.#print(`lab: consoles and logs of Xen, dom0, stubdomains and guests are in ${this.#directory.keepLogs()}`)
    return 1
  }

  #take(event: LabEvent): void {
    if (event.event === 'log') this.#directory.log(event.file, event.text)
    else if (event.event === 'note') this.#print(event.text)
    else if (event.event === 'measured') this.#table.add(event.row)
    else this.#report.take(event)
  }

  async #prepare(): Promise<MachineFiles> {
    const boot = await bootFiles()
    const { columns = 80, rows = 24 } = process.stdout
    const { mode, filters } = this.#options
    const file = (name: string) => this.#directory.file(name)
    writeFileSync(file('payload'), await buildPayload({ mode, filters, terminal: { rows, columns } }))
    truncateSync(file('payload'), PAYLOAD_BYTES)
    return {
      hypervisor: join(boot, 'xen'),
      kernel: join(boot, 'vmlinux'),
      ramdisk: join(boot, 'dom0.cpio'),
      payload: file('payload'),
      consoleLog: join(this.#directory.logs, 'xen-and-dom0.log'),
      events: file('events'),
      shell: file('shell'),
      qmp: file('qmp'),
    }
  }

  #seconds(): string {
    return ((performance.now() - this.#began) / 1_000).toFixed(1)
  }
}
