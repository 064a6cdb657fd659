import { spawn } from 'node:child_process'
import { PROGRAMS } from './world/programs.ts'

/** How a command ended. */
export interface Finished {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** Milliseconds, the start of the process included. */
  readonly ms: number
}

/** A command that is under way. */
export interface Running {
  readonly pid: number
  readonly finished: Promise<Finished>
  signal(signal: NodeJS.Signals): void
}

/** No command here takes longer by itself: it would be a fault, and nothing may hang. */
const DEADLINE_MS = 60_000

/** Starts `stubdomctl` as a process of its own, with the environment that a shell in dom0 has. */
export function startStubdomctl(args: readonly string[], environment: NodeJS.ProcessEnv): Running {
  return start(process.execPath, [PROGRAMS.stubdomctl, ...args], environment)
}

export function stubdomctl(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<Finished> {
  return startStubdomctl(args, environment).finished
}

/** Starts any program. Resolves whatever its exit code; a program that cannot be started has 127, as in a shell. */
export function start(program: string, args: readonly string[], environment: NodeJS.ProcessEnv): Running {
  const begun = performance.now()
  const env = { PATH: process.env['PATH'], ...environment }
  const child = spawn(program, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: DEADLINE_MS,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const finished = new Promise<Finished>(resolve => {
    const end = (exitCode: number) => resolve({ exitCode, stdout, stderr, ms: performance.now() - begun })
    child.once('error', error => {
      stderr += `${error.message}\n`
      end(127)
    })
    child.once('close', (code, signal) => end(code ?? (signal ? 128 + 9 : 1)))
  })
  return { pid: child.pid ?? 0, finished, signal: name => void child.kill(name) }
}
