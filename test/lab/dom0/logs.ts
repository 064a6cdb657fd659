import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { tell } from './host.ts'
import { run } from './shell.ts'

/** Consoles of stubdomains, QEMUs and xl: libxl and xenconsoled write here. */
const DIRECTORY = '/var/log/xen'
const PIECE = 32 * 1024

/** libxl moves the logs of earlier domains of the same name away, as NAME.log.1 and so on: a log is its inode. */
interface Log {
  readonly name: string
  sent: number
}
const logs = new Map<number, Log>()

/** From now on the host has nothing of what was sent before. */
export function shipAllAnew(): void {
  logs.clear()
}

/** Sends the host what the logs have gained, so that it has them even when dom0 does not live to the end. */
export function shipLogs(): void {
  for (const file of readdirSync(DIRECTORY)) {
    const [, name] = /^(.+\.log)(?:\.\d+)?$/.exec(file) ?? []
    if (name) shipLog(join(DIRECTORY, file), name)
  }
}

function shipLog(path: string, name: string): void {
  const { ino, size } = statSync(path)
  const log = logs.get(ino) ?? { name, sent: 0 }
  logs.set(ino, log)
  if (log.sent === size) return
  const file = openSync(path, 'r')
  try {
    const piece = Buffer.alloc(PIECE)
    for (;;) {
      const length = readSync(file, piece, 0, PIECE, log.sent)
      if (length === 0) return
      const heading = log.sent === 0 ? `── inode ${ino}\n` : ''
      log.sent += length
      tell({ event: 'log', file: log.name, text: heading + piece.toString('latin1', 0, length) })
    }
  } finally {
    closeSync(file)
  }
}

/** The state of things when a test has failed, as far as it can be asked for. */
export async function shipState(test: string): Promise<void> {
  shipLogs()
  const commands = [['xl', 'list'], ['xenstore-ls', '-fp'], ['stubdomctl', 'list'], ['ps'], ['dmesg']] as const
  for (const [program, ...args] of commands) {
    const { stdout, stderr } = await run(program, args, { timeoutMs: 10_000 }).catch(error => ({
      stdout: '',
      stderr: `${error}`,
    }))
    tell({
      event: 'log',
      file: 'failures.log',
      text: `── ${test}\n$ ${program} ${args.join(' ')}\n${stdout}${stderr}\n`,
    })
  }
}
