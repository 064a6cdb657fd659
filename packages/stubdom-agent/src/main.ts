import { xenstoreAddress } from '@stubdom/xenstore'
import { runAgent } from './agent.ts'
import { boot } from './boot/boot.ts'
import { BOOT_HELP, parseBootOptions } from './boot/options.ts'
import { collectWhenIdle } from './idle-memory.ts'
import { acquireLock, LockedError } from './lock.ts'
import { createLogger } from './logger.ts'
import { HELP, parseOptions, UsageError } from './options.ts'
import { AGENT_VERSION } from './version.ts'

/** Runs the agent as the command line says; resolves with the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  // What is made here, by it or by what it starts, is for nobody else.
  process.umask(0o077)
  const booting = argv[0] === 'boot'
  const options = booting ? parseBootOptions(argv.slice(1)) : parseOptions(argv)
  if (options === 'help') process.stdout.write(booting ? BOOT_HELP : HELP)
  else if (options === 'version') process.stdout.write(`stubdom-agent ${AGENT_VERSION}\n`)
  if (typeof options === 'string') return 0

  const { xenstore, logLevel } = 'agent' in options ? options.agent : options
  const log = createLogger(logLevel)
  const lock = await acquireLock(xenstore ?? xenstoreAddress())
  if (globalThis.gc) collectWhenIdle(globalThis.gc)
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      log.info({ signal }, 'told to stop')
      stop.abort()
    })
  }
  const code = 'agent' in options ? await boot(options, log, stop.signal) : await runAgent(options, log, stop.signal)
  lock.close()
  return code ?? 0
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof UsageError) && !(error instanceof LockedError)) throw error
  process.stderr.write(`stubdom-agent: ${error.message}\n`)
  if (error instanceof UsageError) process.stderr.write('Try: stubdom-agent --help\n')
  process.exitCode = error instanceof UsageError ? 2 : 1
}
