import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, resolve } from 'node:path'

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const STDERR_TAIL = 4_096
const alive = new Set<ChildProcess>()

/**
 * A program that does not outlive this process (strictly: the thread that started it). `setpriv --pdeathsig` (util-linux) has the kernel
 * kill it with us, however we end, and then becomes the program: the pid is the program's. Where there is no setpriv, only an orderly
 * exit of ours ends it: QEMU 7.2 has no option for this.
 */
export class Child {
  readonly pid: number
  /** Resolves when it is gone and its stderr has been read to the end. */
  readonly exited: Promise<Exit>
  readonly #process: ChildProcess
  #stderr = ''

  private constructor(process: ChildProcess, pid: number) {
    this.pid = pid
    this.#process = process
    process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_TAIL)
    })
    this.exited = new Promise(done => process.once('close', (code, signal) => done({ code, signal })))
  }

  /** Runs a program by its absolute path; `fds` become its file descriptors 3, 4, … */
  static async start(
    program: string,
    args: readonly string[],
    fds: readonly number[],
    env: NodeJS.ProcessEnv = process.env,
  ): Promise<Child> {
    const setpriv = await findProgram('setpriv')
    const [command, ...rest] = setpriv ? [setpriv, '--pdeathsig', 'KILL', program, ...args] : [program, ...args]
    const child = spawn(command as string, rest, { env, stdio: ['ignore', 'ignore', 'pipe', ...fds] })
    const { pid } = child
    if (pid === undefined) throw await new Promise<Error>(failed => child.once('error', failed))
    killAtExit(child)
    return new Child(child, pid)
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** The end of what it wrote to stderr. */
  stderrTail(): string {
    return this.#stderr
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }
}

/** Where a shell would find it; undefined: nowhere. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const dir of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = resolve(dir, name)
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return path
  }
  return undefined
}

function killAtExit(child: ChildProcess): void {
  if (alive.size === 0) process.on('exit', killAll)
  alive.add(child)
  child.once('close', () => {
    alive.delete(child)
    if (alive.size === 0) process.off('exit', killAll)
  })
}

function killAll(): void {
  for (const child of alive) child.kill('SIGKILL')
}
