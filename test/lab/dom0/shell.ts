import { spawn } from 'node:child_process'

export interface Finished {
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
  readonly ms: number
}

export interface RunOptions {
  readonly timeoutMs?: number
}

/** Runs a program to its end, whatever its exit code is. @throws when it takes longer than `timeoutMs` (60 s) or cannot be started */
export async function run(
  program: string,
  args: readonly string[],
  { timeoutMs = 60_000 }: RunOptions = {},
): Promise<Finished> {
  return await start(program, args, { timeoutMs }).finished
}

/** A program that runs. */
export interface Running {
  readonly pid: number
  readonly finished: Promise<Finished>
  kill(signal?: NodeJS.Signals): void
}

export function start(program: string, args: readonly string[], { timeoutMs = 60_000 }: RunOptions = {}): Running {
  const began = performance.now()
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', chunk => (stdout += chunk))
  child.stderr.on('data', chunk => (stderr += chunk))
  const finished = new Promise<Finished>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`${program} ${args.join(' ')} was not done after ${timeoutMs} ms; it said: ${stdout}${stderr}`))
    }, timeoutMs)
    child.on('error', reject)
    // Not 'close': what xl leaves running in the background keeps its standard streams.
    child.on('exit', code => {
      clearTimeout(timer)
      setImmediate(() =>
        resolve({ code: code ?? undefined, stdout, stderr, ms: Math.round(performance.now() - began) }),
      )
    })
  })
  finished.catch(() => undefined)
  return { pid: child.pid ?? 0, finished, kill: signal => child.kill(signal) }
}

/** Runs a program that must succeed; resolves with what it printed on stdout. */
export async function succeed(program: string, args: readonly string[], options?: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, options)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${stderr || stdout}`)
  return stdout
}

export function xl(...args: string[]): Promise<string> {
  return succeed('xl', args)
}
