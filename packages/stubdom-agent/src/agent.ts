import { keepConnected, XenstoreClient } from '@stubdom/xenstore'
import { Session } from './control/session.ts'
import { Engine, type EngineParts } from './engine.ts'
import type { Logger } from './logger.ts'
import type { AgentOptions } from './options.ts'
import { watchRemovals } from './pci/watch-removals.ts'
import { Monitor } from './qemu/monitor.ts'
import { ConfiguredChannels } from './save/channels.ts'

/** Milliseconds. A stalled Xenstore drops an unread watch event after 20 s, and goes on: until then nothing is lost. */
const TIMEOUT_MS = 25_000
const SILENCE_MS = 30_000

/**
 * Serves one stubdomain until `signal` aborts: QEMU and Xenstore may go away and come back meanwhile. An epoch lasts as long as the agent's own nodes
 * do; when they are gone (xenstored restarted, say) a new one begins.
 */
export async function runAgent(options: AgentOptions, log: Logger, signal: AbortSignal): Promise<void> {
  const monitor = new Monitor(options.qmp, log)
  const states = new ConfiguredChannels(options)
  const parts: EngineParts = { options, monitor, states, log }
  let engine = new Engine(parts)

  const serve = async (xenstore: XenstoreClient, over: AbortSignal): Promise<void> => {
    let session = new Session({ ...parts, xenstore, engine })
    if (engine.started && !(await session.isOurs())) {
      log.warn({ epoch: engine.epoch }, 'the control directory is gone: beginning anew')
      engine = new Engine(parts, engine.stop())
      session = new Session({ ...parts, xenstore, engine })
    }
    if (await session.treeReady(over)) await session.serve(over)
  }

  const watching = monitor.run(signal)
  const stopWatching = watchRemovals(monitor, () => engine.removals)
  try {
    await keepConnected(
      over =>
        XenstoreClient.connect({ path: options.xenstore, timeoutMs: TIMEOUT_MS, silenceMs: SILENCE_MS, signal: over }),
      serve,
      { signal, onLost: error => log.warn({ error: error.message }, 'no connection to Xenstore: making a new one') },
    )
  } finally {
    stopWatching()
    void engine.stop()
  }
  await watching
}
