import { QmpClient } from '@stubdom/qmp'
import { keepConnected, XenstoreClient } from '@stubdom/xenstore'
import { Session } from './control/session.ts'
import { Engine, type EngineParts } from './engine.ts'
import type { Logger } from './logger.ts'
import type { AgentOptions } from './options.ts'
import { watchRemovals } from './pci/watch-removals.ts'
import { type ConnectMonitor, Monitor } from './qemu/monitor.ts'
import type { SaveChannel } from './save/channel.ts'
import { FileChannel } from './save/file-channel.ts'

/** Milliseconds. A stalled Xenstore drops an unread watch event after 20 s, and goes on: until then nothing is lost. */
const TIMEOUT_MS = 25_000
const SILENCE_MS = 30_000

/** The agent's ways out of its process. */
export interface Edges {
  readonly connectXenstore: (signal: AbortSignal) => Promise<XenstoreClient>
  readonly connectMonitor: ConnectMonitor
  readonly saveChannel: SaveChannel | undefined
}

function realEdges({ xenstore, saveDir }: AgentOptions): Edges {
  return {
    connectXenstore: signal =>
      XenstoreClient.connect({ path: xenstore, timeoutMs: TIMEOUT_MS, silenceMs: SILENCE_MS, signal }),
    connectMonitor: options => QmpClient.connect(options),
    saveChannel: saveDir === undefined ? undefined : new FileChannel(saveDir),
  }
}

/**
 * Serves one stubdomain until `signal` aborts: QEMU and Xenstore may go away and come back meanwhile. An epoch lasts as long as the agent's own nodes
 * do; when they are gone (xenstored restarted, say) a new one begins.
 */
export async function runAgent(
  options: AgentOptions,
  log: Logger,
  signal: AbortSignal,
  edges: Edges = realEdges(options),
): Promise<void> {
  const monitor = new Monitor(options.qmp, log, edges.connectMonitor)
  const parts: EngineParts = { options, monitor, saveChannel: edges.saveChannel, log }
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
    await keepConnected(edges.connectXenstore, serve, {
      signal,
      onLost: error => log.warn({ error: error.message }, 'no connection to Xenstore: making a new one'),
    })
  } finally {
    stopWatching()
    void engine.stop()
  }
  await watching
}
