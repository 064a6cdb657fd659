import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { expect, onTestFinished } from 'vitest'

/** A program that runs until the test is over. */
export class Running {
  readonly child: ChildProcessWithoutNullStreams
  /** What it has said. */
  stderr = ''
  readonly #ended: Promise<unknown>

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child
    child.stderr.on('data', (text: Buffer) => (this.stderr += text))
    this.#ended = once(child, 'close')
    onTestFinished(async () => {
      child.kill('SIGKILL')
      await this.#ended
    })
  }

  /** Resolves with its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal)
    await this.#ended
    return this.child.exitCode
  }

  /** Nothing happens in it until it is thawed. */
  async freeze(): Promise<void> {
    this.child.kill('SIGSTOP')
    await expect.poll(() => this.#stat()[0]).toBe('T')
  }

  thaw(): void {
    this.child.kill('SIGCONT')
  }

  get sleeps(): boolean {
    return this.#stat()[0] === 'S'
  }

  /** How often it has gone to sleep. */
  get timesAsleep(): number {
    return Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(this.#read('status'))?.[1])
  }

  /** Processor time that it has used, in hundredths of a second. */
  get ticks(): number {
    const stat = this.#stat()
    return Number(stat[11]) + Number(stat[12])
  }

  /** From its state on (proc(5)). */
  #stat(): string[] {
    return this.#read('stat')
      .replace(/^.*\) /, '')
      .split(' ')
  }

  #read(file: string): string {
    return readFileSync(`/proc/${this.child.pid}/${file}`, 'utf8')
  }
}
