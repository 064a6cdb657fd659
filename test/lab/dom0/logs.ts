import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { tell } from './host.ts'
import { run } from './shell.ts'

/** Consoles of stubdomains, QEMUs and xl: libxl and xenconsoled write here. */
const DIRECTORY = '/var/log/xen'
const PIECE = 32 * 1024

const sent = new Map<string, number>()

/** Sends the host what the logs have gained, so that it has them even when dom0 does not live to the end. */
export function shipLogs(): void {
  for (const name of readdirSync(DIRECTORY)) {
    if (name.endsWith('.log')) shipLog(name)
  }
}

function shipLog(name: string): void {
  const file = openSync(join(DIRECTORY, name), 'r')
  try {
    const piece = Buffer.alloc(PIECE)
    for (;;) {
      // libxl moves the log of an earlier domain of the same name away and begins a new one.
      const before = sent.get(name) ?? 0
      const from = before > fstatSync(file).size ? 0 : before
      const length = readSync(file, piece, 0, PIECE, from)
      if (length === 0) return
      sent.set(name, from + length)
      tell({ event: 'log', file: name, text: piece.toString('latin1', 0, length) })
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
