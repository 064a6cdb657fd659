import { createInterface } from 'node:readline'
import type { Duplex } from 'node:stream'
import { withDeadline } from './deadline.ts'
import type { DaemonFailedError } from './errors.ts'

const DEADLINE_MS = 20_000

interface Waiter {
  resolve(answer: string): void
  reject(error: Error): void
}

/** The test's end of the shim's control socket: a line goes there, a line comes back. See `shim/control.c`. */
export class Control {
  readonly #socket: Duplex
  readonly #explain: (problem: string) => DaemonFailedError
  readonly #waiting: Waiter[] = []
  #hasEnded = false

  /** `ended` resolves with the daemon, its output included; `explain` makes the error when it fails to answer. */
  constructor(socket: Duplex, ended: Promise<unknown>, explain: (problem: string) => DaemonFailedError) {
    this.#socket = socket
    this.#explain = explain
    void ended.then(() => this.#end())
    createInterface({ input: socket })
      .on('error', () => {}) // The socket's, when the daemon ends.
      .on('line', line => this.#waiting.shift()?.resolve(line))
  }

  /** Resolves when the daemon has carried it out, with what it tells. */
  async command(line: string): Promise<string> {
    const answered = new Promise<string>((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      if (this.#hasEnded) this.#end()
      else this.#socket.write(`${line}\n`)
    })
    const late = () => this.#explain(`The daemon does not answer to "${line}"`)
    const answer = await withDeadline(answered, DEADLINE_MS, late)
    const [verdict, ...words] = answer.split(' ')
    if (verdict !== 'ok') throw new Error(`${line}: ${answer}`)
    return words.join(' ')
  }

  #end(): void {
    this.#hasEnded = true
    for (const { reject } of this.#waiting.splice(0)) reject(this.#explain('The daemon has ended'))
  }
}
