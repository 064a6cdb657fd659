import { mkdirSync } from 'node:fs'
import { runAgent } from '../agent.ts'
import type { Logger } from '../logger.ts'
import { Monitor } from '../qemu/monitor.ts'
import { Keeper } from './keeper.ts'
import type { BootOptions } from './options.ts'

/**
 * Starts QEMU and serves its stubdomain until `signal` aborts, or QEMU ends and the agent is to end with it. Resolves with the exit code when
 * everything that was started has ended.
 */
export async function boot(options: BootOptions, log: Logger, signal: AbortSignal): Promise<number> {
  mkdirSync(options.paths.directory, { recursive: true })
  const monitor = new Monitor(options.agent.qmp, log)
  const keeper = new Keeper(options, monitor, log)
  const qemuOver = new AbortController()
  const stopQemu = new AbortController()
  const kept = keeper.run(stopQemu.signal)
  const end = () => qemuOver.abort()
  kept.then(end, end)
  try {
    await runAgent(options.agent, log, AbortSignal.any([signal, qemuOver.signal]), { monitor, state: keeper.state })
  } finally {
    // Not before the agent has said goodbye, and has given up what QEMU had of it.
    stopQemu.abort()
  }
  return await kept
}
