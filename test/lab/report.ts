import { writeFileSync } from 'node:fs'
import type { LabEvent } from './events.ts'

/** Of a test. */
type TestEvent = Exclude<LabEvent, { event: 'log' | 'note' | 'measured' }>

const MARKS = { passed: '✓', failed: '✗', skipped: '-' }

interface Result {
  readonly test: string
  readonly state: 'passed' | 'failed' | 'skipped'
  /** In the machine's time. */
  readonly ms: number
  /** Of the host's processors: what a test costs, however busy the host is. */
  readonly seconds: number
  readonly error?: string | undefined
}

/** How far a machine is. */
interface Progress {
  planned: number | undefined
  ended: number
  running: string | undefined
  /** Of the host's processors. */
  seconds: number
}

/** What came of the tests, as each dom0 tells it; printed on the way. */
export class Report {
  #machines: Progress[] = []
  readonly #results: Result[] = []
  readonly #print: (line: string) => void

  constructor(print: (line: string) => void) {
    this.#print = print
  }

  /** Says how many machines there will be. */
  expect(machines: number): void {
    this.#machines = Array.from({ length: machines }, () => ({
      planned: undefined,
      ended: 0,
      running: undefined,
      seconds: 0,
    }))
  }

  get passed(): boolean {
    return this.#results.length > 0 && this.#machines.every(isDone) && this.#count('failed') === 0
  }

  /** @param seconds of the host's processors that the machine has used so far */
  take(number: number, event: TestEvent, seconds: number): void {
    const machine = this.#machines[number]
    if (!machine) return
    const used = seconds - machine.seconds
    machine.seconds = seconds
    if (event.event === 'planned') machine.planned = (machine.planned ?? 0) + event.tests
    else if (event.event === 'began') machine.running = event.test
    else if (event.event === 'passed')
      this.#add(machine, { test: event.test, state: 'passed', ms: event.ms, seconds: used })
    else if (event.event === 'failed')
      this.#add(machine, { test: event.test, state: 'failed', ms: event.ms, seconds: used, error: event.error })
    else if (event.event === 'skipped')
      this.#add(machine, { test: event.test, state: 'skipped', ms: 0, seconds: used, error: event.why })
  }

  /** The run is over; where that is before all tests were, the one that ran has failed. @param problem why it is over, if not because all was done */
  close(problem: string | undefined): void {
    if (this.#machines.length === 0) this.expect(1)
    const none = this.#machines.every(({ planned }) => planned === 0)
    const why = problem ?? (none ? 'no test has such a name' : 'the runner in dom0 ended')
    const unfinished = this.#machines.filter(machine => !isDone(machine))
    const failed = unfinished.length > 0 || (problem === undefined && !none) ? unfinished : this.#machines.slice(0, 1)
    for (const machine of failed) {
      const { planned = 0, running = 'the lab' } = machine
      const missing = planned - machine.ended - 1
      this.#add(machine, { test: running, state: 'failed', ms: 0, seconds: 0, error: why })
      if (missing > 0) this.#print(`  ${missing} more did not run`)
    }
  }

  /** "N passed, N failed" */
  totals(): string {
    const skipped = this.#count('skipped')
    return `${this.#count('passed')} passed, ${this.#count('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
  }

  /** As vitest's JSON reporter has it, as far as totals go. */
  writeJson(file: string): void {
    const assertionResults = this.#results.map(({ test, state, ms, seconds, error }) => ({
      fullName: test,
      status: state,
      duration: ms,
      seconds,
      failureMessages: error === undefined ? [] : [error],
    }))
    const document = {
      success: this.passed,
      numTotalTests: this.#results.length,
      numPassedTests: this.#count('passed'),
      numFailedTests: this.#count('failed'),
      numPendingTests: this.#count('skipped'),
      numTodoTests: 0,
      testResults: [{ name: 'lab', assertionResults }],
    }
    writeFileSync(file, `${JSON.stringify(document, undefined, 2)}\n`)
  }

  #add(machine: Progress, result: Result): void {
    machine.running = undefined
    machine.ended++
    this.#results.push(result)
    this.#print(` ${MARKS[result.state]} ${result.test}  ${result.ms} ms (${result.seconds.toFixed(1)} s)`)
    if (result.error !== undefined) this.#print(result.error.replace(/^/gm, '     '))
  }

  #count(state: 'passed' | 'failed' | 'skipped'): number {
    return this.#results.filter(result => result.state === state).length
  }
}

function isDone({ planned, ended }: Progress): boolean {
  return planned !== undefined && ended >= planned
}
