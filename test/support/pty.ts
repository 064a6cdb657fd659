import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { compile } from '../../scripts/lib/compile.mjs'

/** A console of a stubdomain with dom0's end of it; see pty.c. */
export interface Pty {
  /** What the stubdomain opens. */
  readonly path: string
  /** The file that what comes out of it is put into. */
  readonly output: string
  /** What has come out of it so far. */
  received(): Buffer
  /** Sends, as soon as the stubdomain has it open and raw. */
  send(bytes: Uint8Array): void
}

/** Makes a console at `path`, for the time of a test. */
export async function startPty(path: string): Promise<Pty> {
  const output = `${path}.out`
  const file = openSync(output, 'a')
  const child = spawn(await compile('test/support/pty.c', ['-O1']), [path], { stdio: ['pipe', file, 'inherit'] })
  closeSync(file)
  onTestFinished(() => end(child))
  const deadline = Date.now() + 10_000
  while (!existsSync(path)) {
    if (Date.now() > deadline || child.exitCode !== null) throw new Error(`no console at ${path}`)
    await delay(5)
  }
  return { path, output, received: () => readFileSync(output), send: bytes => void child.stdin?.write(bytes) }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
