import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Child, Exit } from '../child.ts'
import type { QemuFiles } from './command-line.ts'
import { qtest } from './qtest.ts'

const PAUSE_TIMEOUT_MS = 5_000

/** A QEMU that runs, and what can be done to it from outside. */
export class Qemu {
  /** The monitor that belongs to the agent. QEMU serves one client at a time on it. */
  readonly qmpPath: string
  /** A second monitor, with which a test looks at QEMU itself. */
  readonly testQmpPath: string
  readonly qtestPath: string
  readonly exited: Promise<Exit>
  readonly #child: Child

  constructor(child: Child, files: QemuFiles) {
    this.#child = child
    this.exited = child.exited
    this.qmpPath = files.qmp
    this.testQmpPath = files.testQmp
    this.qtestPath = files.qtest
  }

  get pid(): number {
    return this.#child.pid
  }

  /** The last 4 KiB that QEMU wrote to stderr. */
  stderrTail(): string {
    return this.#child.stderrTail()
  }

  /** A hand inside the machine: one line of QEMU's qtest protocol, and its answer. */
  qtest(line: string): Promise<string> {
    return qtest(this.qtestPath, line)
  }

  /** Ejects what is in a slot of the root bus, as a guest does that agrees, at last, to a `device_del` (or was not even asked). */
  async eject(slot: number): Promise<void> {
    if (!Number.isInteger(slot) || slot < 2 || slot > 31) throw new RangeError(`No slot to eject: ${slot}; 2 to 31 are`)
    await this.qtest(`outl 0xae08 0x${(2 ** slot).toString(16)}`)
  }

  /** A QEMU that hangs: SIGSTOP. Resolves when all its threads stand still. */
  async pause(): Promise<void> {
    this.#child.signal('SIGSTOP')
    const deadline = performance.now() + PAUSE_TIMEOUT_MS
    while ((await threadStates(this.pid)).some(state => state !== 'T')) {
      if (performance.now() > deadline) throw new Error(`QEMU ${this.pid} did not stop within ${PAUSE_TIMEOUT_MS} ms`)
      await delay(1)
    }
  }

  resume(): void {
    this.#child.signal('SIGCONT')
  }

  /** A QEMU that dies: SIGKILL. Resolves when it is gone, as it may be already. */
  async stop(): Promise<void> {
    this.#child.signal('SIGKILL')
    await this.exited
  }
}

/** The letters of proc(5); none for a process that is gone. */
async function threadStates(pid: number): Promise<string[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => [])
  const stats = await Promise.all(threads.map(id => readFile(`/proc/${pid}/task/${id}/stat`, 'latin1').catch(() => '')))
  return stats.filter(stat => stat !== '').map(stat => stat.slice(stat.lastIndexOf(')') + 2).charAt(0))
}
