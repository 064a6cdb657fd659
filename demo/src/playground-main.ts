import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Daemon } from '@stubdom/test-xenstored'
import { daemonNamed } from './daemon-option.ts'
import { directions, keepUp } from './playground/playground.ts'
import { isAlive, readRecord } from './playground/record.ts'
import type { Guest } from './qemu/start.ts'

const HELP = `usage: npm run playground [-- options]

Starts the world of the demonstration and keeps it up until Ctrl-C.

  --guest=cooperative|silent   what the guest does when a device is unplugged (default: cooperative)
  --xenstored=c|ocaml|embedded Debian's xenstored or oxenstored, or the embedded one (default: embedded)
  --daemon                     detach when it is ready
  --stop                       end the one that runs
`

/** Milliseconds. Starting takes about one second, stopping less. */
const DEADLINE_MS = 30_000

process.exitCode = await main().catch(error => {
  process.stderr.write(`playground: ${(error as Error).message}\n`)
  return 1
})

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      guest: { type: 'string', default: 'cooperative' },
      xenstored: { type: 'string', default: 'embedded' },
      daemon: { type: 'boolean' },
      stop: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  if (values.stop) return stop()
  if (values.guest !== 'cooperative' && values.guest !== 'silent') {
    throw new Error(`--guest=${values.guest}: cooperative or silent is wanted`)
  }
  const other = readRecord()
  if (other) throw new Error(`one runs already (process ${other.pid}); end it with: npm run playground -- --stop`)
  const daemon = daemonNamed(values.xenstored)
  if (values.daemon) return detach(values.guest, daemon)
  await keepUp({ guest: values.guest, daemon }, record => {
    process.stdout.write(`${directions(record)}\n`)
    if (process.stdout.isTTY) process.stdout.write('Ctrl-C ends it.\n')
    process.send?.('ready')
  })
  return 0
}

/** Starts the same again as a process of its own and waits until it is ready. */
async function detach(guest: Guest, daemon: Daemon): Promise<number> {
  const log = join(tmpdir(), `stubdom-playground-${process.pid}.log`)
  const output = openSync(log, 'w', 0o600)
  const child = spawn(
    process.execPath,
    [...process.execArgv, process.argv[1] ?? '', `--guest=${guest}`, `--xenstored=${daemon}`],
    {
      detached: true,
      stdio: ['ignore', output, output, 'ipc'],
    },
  )
  closeSync(output)
  const problem = await new Promise<string | undefined>(resolve => {
    const timer = setTimeout(() => resolve('it was not ready in time'), DEADLINE_MS)
    child.once('message', () => resolve(undefined))
    child.once('exit', code => resolve(`it ended with ${code}`))
    child.once('close', () => clearTimeout(timer))
  })
  const said = readFileSync(log, 'utf8')
  if (problem !== undefined) {
    child.kill('SIGKILL')
    rmSync(log, { force: true })
    throw new Error(`${problem}\n${said}`)
  }
  child.disconnect()
  child.unref()
  process.stdout.write(`${said.trimEnd()}\n\nEnd it with: npm run playground -- --stop\n`)
  rmSync(log, { force: true })
  process.exit(0)
}

async function stop(): Promise<number> {
  const record = readRecord()
  if (!record) {
    process.stdout.write('playground: none runs\n')
    return 0
  }
  process.kill(record.pid, 'SIGTERM')
  const end = Date.now() + DEADLINE_MS
  while (isAlive(record.pid)) {
    if (Date.now() > end) throw new Error(`process ${record.pid} does not end; kill it`)
    await delay(20)
  }
  process.stdout.write('playground: ended\n')
  return 0
}
