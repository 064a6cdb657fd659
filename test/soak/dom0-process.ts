import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Dom0Settings, Resting, ToDom0 } from './messages.ts'

const PROGRAM = fileURLToPath(new URL('dom0-main.ts', import.meta.url))
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FLAGS = ['--expose-gc', '--import', 'tsx', '--conditions=@stubdom/source']
/** Milliseconds. Each command in it ends by its deadline, so that it rests by then. */
const REST_MS = 180_000

/** The dom0 process of the soak, as who started it sees it. */
export class Dom0Process {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  #stderr = ''

  constructor(settings: Dom0Settings) {
    const stdio = ['ignore', 'inherit', 'pipe', 'ipc'] as const
    this.#child = spawn(process.execPath, [...FLAGS, PROGRAM, JSON.stringify(settings)], {
      cwd: ROOT,
      stdio: [...stdio],
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-4_000)
    })
    this.#exited = once(this.#child, 'close')
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  work(): void {
    this.#tell({ kind: 'work' })
  }

  /** Resolves when nothing is under way in it; rejects when it has ended, or does not come to rest. */
  async rest(): Promise<Resting> {
    const signal = AbortSignal.timeout(REST_MS)
    const answer = once(this.#child, 'message', { signal })
    this.#tell({ kind: 'rest' })
    const ended = this.#exited.then(() => {
      throw new Error(`the dom0 process ended: ${this.#stderr}`)
    })
    const [resting] = (await Promise.race([answer, ended])) as [Resting]
    return resting
  }

  async end(): Promise<void> {
    if (this.#child.connected) this.#tell({ kind: 'end' })
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
    await this.#exited
    clearTimeout(timer)
  }

  #tell(message: ToDom0): void {
    this.#child.send(message, () => {}) // That it has ended is told where something is waited for.
  }
}
