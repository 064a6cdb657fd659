import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Child, findProgram } from '../child.ts'
import { bootSector } from '../guest/boot-sector.ts'
import { type QemuFiles, qemuArguments } from './command-line.ts'
import { Qemu } from './qemu.ts'
import { qtest } from './qtest.ts'

/**
 * What runs in the machine. `cooperative` ejects what it is asked to eject, within a few ticks of 55 ms; `silent` never does (a test does it by
 * `Qemu.eject`); `paused-at-start` is the cooperative one before its first instruction, until QMP `cont`.
 */
export type Guest = 'cooperative' | 'silent' | 'paused-at-start'

export interface QemuOptions {
  /** An existing directory with a short path, for the sockets and the image: `qmp.sock`, `qmp-test.sock`, `qtest.sock`, `guest.img`. */
  readonly dir: string
  /** Makes those `<name>-qmp.sock` …, so that a second QEMU can live in the same directory. */
  readonly name?: string
  /** `cooperative` unless said otherwise. */
  readonly guest?: Guest
  /** Open files that QEMU gets as its file descriptors 3, 4, … (for `-add-fd`, `-incoming fd:3`). They can be closed afterwards. */
  readonly fds?: readonly number[]
  readonly extraArgs?: readonly string[]
  /** How long QEMU may take to answer; 10,000 ms. */
  readonly timeoutMs?: number
  /** `qemu-system-x86_64`, searched in PATH. */
  readonly program?: string
}

/** QEMU could not be started; the message has the reason, and what QEMU wrote to stderr. */
export class QemuStartError extends Error {
  override readonly name = 'QemuStartError'
}

/** Starts a QEMU; resolves when its main loop runs, so that its monitors answer. The guest's BIOS may still be at work. */
export async function startQemu(options: QemuOptions): Promise<Qemu> {
  const { dir, name, guest = 'cooperative', fds = [], extraArgs = [], timeoutMs = 10_000 } = options
  const program = options.program ?? 'qemu-system-x86_64'
  const path = await findProgram(program)
  if (!path) throw new QemuStartError(`${program} is not installed; on Debian: apt-get install qemu-system-x86`)

  const inDir = (file: string) => join(dir, name === undefined ? file : `${name}-${file}`)
  const files: QemuFiles = {
    image: inDir('guest.img'),
    qmp: inDir('qmp.sock'),
    testQmp: inDir('qmp-test.sock'),
    qtest: inDir('qtest.sock'),
  }
  await writeFile(files.image, bootSector({ cooperative: guest !== 'silent' }))
  const child = await Child.start(path, [...qemuArguments(files, guest === 'paused-at-start'), ...extraArgs], fds)
  const qemu = new Qemu(child, files)
  const problem = await untilItAnswers(child, files.qtest, timeoutMs)
  if (problem === undefined) return qemu
  await qemu.stop()
  throw new QemuStartError(`QEMU did not start: ${problem}\n${qemu.stderrTail()}`.trimEnd())
}

/** Resolves with undefined when QEMU's main loop answers, else with what is wrong. */
async function untilItAnswers(child: Child, qtestPath: string, timeoutMs: number): Promise<string | undefined> {
  const deadline = performance.now() + timeoutMs
  while (child.running) {
    const left = deadline - performance.now()
    if (left <= 0) return `no answer within ${timeoutMs} ms`
    try {
      await qtest(qtestPath, 'endianness', left)
      return undefined
    } catch {
      await delay(5)
    }
  }
  const { code, signal } = await child.exited
  return `it ended with ${signal ?? `exit code ${code}`}`
}
