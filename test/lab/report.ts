import { writeFileSync } from 'node:fs'
import type { LabEvent } from './events.ts'

const MARKS = { passed: '✓', failed: '✗', skipped: '-' }

/** What came of the tests, as dom0 tells it; printed on the way. */
export class Report {
  #planned: number | undefined
  #running: string | undefined
  readonly #results: { test: string; state: 'passed' | 'failed' | 'skipped'; ms: number; error?: string }[] = []
  readonly #print: (line: string) => void

  constructor(print: (line: string) => void) {
    this.#print = print
  }

  get passed(): boolean {
    return this.#results.length > 0 && this.#results.length === this.#planned && this.#count('failed') === 0
  }

  take(event: LabEvent): void {
    if (event.event === 'planned') this.#planned = event.tests
    else if (event.event === 'began') this.#running = event.test
    else if (event.event === 'passed') this.#add({ test: event.test, state: 'passed', ms: event.ms })
    else if (event.event === 'failed')
      this.#add({ test: event.test, state: 'failed', ms: event.ms, error: event.error })
    else if (event.event === 'skipped') this.#add({ test: event.test, state: 'skipped', ms: 0, error: event.why })
  }

  /** The run is over; when that is before all tests were, the one that ran has failed. @param problem why it is over, if not because all was done */
  close(problem: string | undefined): void {
    const missing = (this.#planned ?? 0) - this.#results.length
    const why =
      problem ??
      (this.#planned === 0 ? 'no test has such a name' : missing > 0 ? 'the runner in dom0 ended' : undefined)
    if (why === undefined) return
    this.#add({ test: this.#running ?? 'the lab', state: 'failed', ms: 0, error: why })
    if (missing > 1) this.#print(`  ${missing - 1} more did not run`)
  }

  /** "N passed, N failed" */
  totals(): string {
    const skipped = this.#count('skipped')
    return `${this.#count('passed')} passed, ${this.#count('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
  }

  /** As vitest's JSON reporter has it, as far as totals go. */
  writeJson(file: string): void {
    const assertionResults = this.#results.map(({ test, state, ms, error }) => ({
      fullName: test,
      status: state,
      duration: ms,
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

  #add(result: { test: string; state: 'passed' | 'failed' | 'skipped'; ms: number; error?: string }): void {
    this.#running = undefined
    this.#results.push(result)
    this.#print(` ${MARKS[result.state]} ${result.test}  ${result.ms} ms`)
    if (result.error !== undefined) this.#print(result.error.replace(/^/gm, '     '))
  }

  #count(state: 'passed' | 'failed' | 'skipped'): number {
    return this.#results.filter(result => result.state === state).length
  }
}
