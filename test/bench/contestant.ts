import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'

const ROUND_MS_MAX = 60_000

/** One measured program as a process of its own: it is given numbers of repetitions and says what it measured. */
export class Contestant {
  readonly #process: ChildProcess
  readonly #lines: Interface
  readonly #ended: Promise<never>
  #stderr = ''

  constructor(program: string, args: readonly string[]) {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#process = child
    child.stdin.on('error', () => undefined) // Its end is noticed below.
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    this.#lines = createInterface({ input: child.stdout })
    this.#ended = new Promise((_, reject) => {
      const ended = (why: unknown): void => reject(new Error(`${program} ${args.join(' ')}: ${why}\n${this.#stderr}`))
      child.once('error', ended)
      child.once('close', (code, signal) => ended(`ended with ${code ?? signal}`))
    })
    this.#ended.catch(() => undefined)
  }

  /** The next line that it writes. Rejects when it ends, or takes too long. */
  async line(): Promise<string> {
    const heard = once(this.#lines, 'line', { signal: AbortSignal.timeout(ROUND_MS_MAX) })
    const [text] = await Promise.race([heard, this.#ended])
    return text as string
  }

  async round(count: number): Promise<number> {
    return Number(await this.ask(`${count}`))
  }

  /** Its answer to a line. */
  ask(text: string): Promise<string> {
    const answer = this.line()
    this.#process.stdin?.write(`${text}\n`)
    return answer
  }

  /** Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#process.stdin?.end()
    const kill = setTimeout(() => this.#process.kill('SIGKILL'), 5_000)
    await this.#ended.catch(() => undefined)
    clearTimeout(kill)
  }

  /** For one that does not read its stdin. */
  kill(): void {
    this.#process.kill('SIGKILL')
  }
}
