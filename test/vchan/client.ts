import { createInterface } from 'node:readline'
import type { Running } from './running.ts'

/** A client of the vchan that does one thing after the other; see client.c. */
export class Client {
  readonly #running: Running
  readonly #answers: AsyncIterator<string>

  constructor(running: Running) {
    this.#running = running
    this.#answers = createInterface(running.child.stdout)[Symbol.asyncIterator]()
  }

  come(): Promise<void> {
    return this.#do('come')
  }

  say(line: string): Promise<void> {
    return this.#do(`say ${line}`)
  }

  /** The next line that it is sent. */
  async hear(): Promise<string> {
    return this.#ask('hear')
  }

  /** Waits until so many bytes are there, which it does not read. */
  leaveUnread(bytes: number): Promise<void> {
    return this.#do(`unread ${bytes}`)
  }

  /** Waits until the server has hung up. */
  isHungUpOn(): Promise<void> {
    return this.#do('abandoned')
  }

  leave(): Promise<void> {
    return this.#do('leave')
  }

  /** Without its having left. */
  async kill(): Promise<void> {
    await this.#running.stop('SIGKILL')
  }

  async #do(command: string): Promise<void> {
    const answer = await this.#ask(command)
    if (answer !== 'ok') throw new Error(`${command.slice(0, 60)}: ${answer}`)
  }

  async #ask(command: string): Promise<string> {
    this.#running.child.stdin.write(`${command}\n`)
    const { value, done } = await this.#answers.next()
    if (done) throw new Error(`${command.slice(0, 60)}: the client has ended: ${this.#running.stderr}`)
    return value
  }
}
