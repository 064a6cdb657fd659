import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'

/** What the program says of one request. */
export type HelperAnswer =
  | { readonly ok: true }
  | { readonly ok: false; readonly call: string; readonly errno: number; readonly message: string }

/** Characters of an answer, which has about a hundred, and of what is kept of the program's stderr. */
const TEXT_MAX = 4_096

/** Milliseconds for it to end by itself when its input has ended, and for the kernel to end it when it is killed: it may be in a hypercall. */
const END_MS = 1_000

/** There is no answer, and none will come: what was asked last may have been done or not. */
export class HelperError extends Error {
  override readonly name = 'HelperError'
  /** Why it could not be started, as the system says it; undefined when it was. */
  readonly startCode: string | undefined
  /** With which it ended by itself. */
  readonly exitCode: number | undefined

  constructor(
    message: string,
    how: { readonly startCode?: string | undefined; readonly exitCode?: number | undefined },
  ) {
    super(message)
    this.startCode = how.startCode
    this.exitCode = how.exitCode
  }
}

/**
 * A process of `stubdom-plumb -`, which is asked one request at a time. It ends with its input, so however this process ends; and it does not keep this
 * process from ending.
 */
export class HelperProcess {
  readonly #child: ChildProcess
  /** Never rejects: there is nothing to be waited for any more. */
  readonly #over: Promise<void>
  #isOver: () => void = () => {}
  #answered: ((answer: HelperAnswer) => void) | undefined
  #failure: HelperError | undefined
  #killed: NodeJS.Timeout | undefined
  #stdout = ''
  #stderr = ''

  /** @throws HelperError */
  constructor(program: string) {
    this.#over = new Promise(resolve => {
      this.#isOver = resolve
    })
    this.#child = start(program)
    this.#child.once('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (this.#child.pid !== undefined) return // It could not be killed; that is waited for no longer than END_MS.
      this.#failure ??= new HelperError(message, { startCode: code ?? message })
      this.#isOver()
    })
    this.#child.once('exit', (code, signal) => {
      this.#failure ??= new HelperError(`ended with ${code ?? signal}`, { exitCode: code ?? undefined })
    })
    this.#child.once('close', () => {
      clearTimeout(this.#killed)
      this.#isOver()
    })
    const { stdin, stdout, stderr } = this.#child
    stdout?.setEncoding('utf8').on('data', (text: string) => this.#read(text))
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(0, TEXT_MAX)
    })
    // Whoever waits for it has a timer.
    this.#child.unref()
    for (const stream of [stdin, stdout, stderr]) {
      stream?.on('error', () => {}) // That it has gone is known by its end.
      ;(stream as Socket | null)?.unref()
    }
  }

  /** Whether it can still be asked. */
  get isAlive(): boolean {
    return this.#failure === undefined
  }

  /** What it has said on stderr, the first of it. */
  get stderr(): string {
    return this.#stderr.trim()
  }

  /**
   * Not before the answer to the last request. Where there is none in time the program is killed.
   * @param withinMs milliseconds
   * @throws HelperError
   */
  async ask(request: string, withinMs: number): Promise<HelperAnswer> {
    const answer = new Promise<HelperAnswer>(resolve => {
      this.#answered = resolve
    })
    const deadline = setTimeout(() => this.#kill(`did not answer within ${withinMs} ms`), withinMs)
    try {
      this.#child.stdin?.write(`${request}\n`)
      const given = await Promise.race([answer, this.#over])
      if (given) return given
      throw this.#failure ?? new HelperError('is over', {})
    } finally {
      clearTimeout(deadline)
      this.#answered = undefined
    }
  }

  /** Ends it; resolves when it has ended, after some seconds at the latest. Not while it is asked. */
  async end(): Promise<void> {
    const deadline = setTimeout(() => this.#kill('did not end'), END_MS)
    this.#child.stdin?.end()
    await this.#over
    clearTimeout(deadline)
  }

  #read(text: string): void {
    const lines = (this.#stdout + text).split('\n')
    this.#stdout = lines.pop() ?? ''
    for (const line of lines) this.#take(line)
    if (this.#stdout.length > TEXT_MAX) this.#take(this.#stdout)
  }

  /** An answer that nobody has asked for would be taken for that to the next request. */
  #take(line: string): void {
    const answer = parsed(line)
    const answered = this.#answered
    this.#answered = undefined
    if (answer && answered) answered(answer)
    else this.#kill(`wrote what is no answer: ${JSON.stringify(line.slice(0, 100))}`)
  }

  #kill(why: string): void {
    if (this.#killed) return
    this.#failure ??= new HelperError(why, {})
    this.#child.kill('SIGKILL')
    // What it started may hold them open.
    this.#child.stdout?.destroy()
    this.#child.stderr?.destroy()
    this.#killed = setTimeout(this.#isOver, END_MS)
  }
}

function start(program: string): ChildProcess {
  try {
    // A session of its own, since Ctrl-C at a terminal goes to all processes there: the command takes back what it did, and needs the program for that.
    return spawn(program, ['-'], { stdio: 'pipe', detached: true })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new HelperError(message, { startCode: code ?? message })
  }
}

function parsed(line: string): HelperAnswer | undefined {
  try {
    const { ok, call, errno, message } = JSON.parse(line) as Record<string, unknown>
    if (ok === true) return { ok }
    const isRefusal =
      ok === false && typeof call === 'string' && typeof errno === 'number' && typeof message === 'string'
    return isRefusal ? { ok, call, errno, message } : undefined
  } catch {
    return undefined
  }
}
