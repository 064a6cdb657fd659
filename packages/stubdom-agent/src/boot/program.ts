import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { basename } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Logger } from '../logger.ts'
import { Output } from './output.ts'

/** How a program ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Why it could not even be started. */
  readonly error?: string
  /** The last lines that it wrote. */
  readonly lastWords: string
}

/** Milliseconds. What a program wrote before it ended is there at once; a child that it left may hold the pipe for ever. */
const DRAIN_MS = 200

/** A program that the agent started: what it writes goes to the log. */
export class Program {
  readonly #child: ChildProcess
  readonly #output: Output
  #exit: Exit | undefined
  /** Resolves when it has ended, or could not be started; never rejects. */
  readonly exited: Promise<Exit>

  /** @param more its file descriptors 3, 4, …: open files, or 'pipe' for a socket to us */
  constructor(path: string, args: readonly string[], log: Logger, more: readonly (number | 'pipe')[] = []) {
    this.#output = new Output(line => log.info({ line }, basename(path)))
    const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', ...more]
    this.#child = spawn(path, args, { stdio })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (bytes: Buffer) => this.#output.push(bytes))
    }
    this.exited = this.#ended()
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Our end of what is its file descriptor `fd`. */
  socket(fd: number): Duplex {
    return this.#child.stdio[fd] as Duplex
  }

  /** Asks it to end, and kills it when it has not after `graceMs`. */
  async stop(graceMs: number): Promise<Exit> {
    this.#child.kill('SIGTERM')
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), graceMs)
    const exit = await this.exited
    clearTimeout(killer)
    return exit
  }

  #ended(): Promise<Exit> {
    return new Promise(resolve => {
      const finish = (exit: Omit<Exit, 'lastWords'>) => {
        if (this.#exit) return
        this.#output.end()
        this.#exit = { ...exit, lastWords: this.#output.lastWords() }
        resolve(this.#exit)
      }
      this.#child.once('error', error => finish({ code: null, signal: null, error: error.message }))
      this.#child.once('exit', (code, signal) => {
        const late = setTimeout(() => finish({ code, signal }), DRAIN_MS)
        this.#child.once('close', () => {
          clearTimeout(late)
          finish({ code, signal })
        })
      })
    })
  }
}

/** `was killed by SIGSEGV: its last lines`. */
export function describeExit({ code, signal, error, lastWords }: Exit): string {
  const how = error
    ? `could not be started: ${error}`
    : signal
      ? `was killed by ${signal}`
      : `ended with exit code ${code}`
  return lastWords === '' ? how : `${how}: ${lastWords}`
}
