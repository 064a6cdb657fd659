import { XenstoreClient } from '@stubdom/xenstore'
import { Session } from './control/session.ts'
import { Engine, type EngineParts } from './engine.ts'
import type { Logger } from './logger.ts'
import type { AgentOptions } from './options.ts'
import { pause } from './pause.ts'
import { watchRemovals } from './pci/watch-removals.ts'
import { Monitor } from './qemu/monitor.ts'
import { FileChannel } from './save/file-channel.ts'

const RETRY_MS_MIN = 50
const RETRY_MS_MAX = 2_000

/** Milliseconds. A stalled Xenstore drops an unread watch event after 20 s; what takes longer will not come. */
const XENSTORE_TIMEOUT_MS = 25_000

/**
 * Serves one stubdomain until `signal` aborts: QEMU and Xenstore may go away and come back meanwhile. An epoch lasts as long as the agent's own nodes
 * do; when they are gone (xenstored restarted, say) a new one begins.
 */
export async function runAgent(options: AgentOptions, log: Logger, signal: AbortSignal): Promise<void> {
  const monitor = new Monitor(options.qmp, log)
  const saveChannel = options.saveDir === undefined ? undefined : new FileChannel(options.saveDir)
  const parts: EngineParts = { options, monitor, saveChannel, log }
  const watching = monitor.run(signal)

  let engine = new Engine(parts)
  let served = false
  let delay = RETRY_MS_MIN
  const stopWatching = watchRemovals(monitor, () => engine.removals)
  while (!signal.aborted) {
    const xenstore = await connect(options, log, signal)
    if (!xenstore) {
      await pause(delay * (0.5 + Math.random() / 2), signal)
      delay = Math.min(delay * 2, RETRY_MS_MAX)
      continue
    }
    delay = RETRY_MS_MIN
    const make = () => new Session({ ...parts, xenstore, engine })
    try {
      let session = make()
      if (served && !(await session.isOurs())) {
        engine.stop()
        engine = new Engine(parts)
        served = false
        session = make()
      }
      if (await session.treeReady(signal)) {
        await session.serve(served, signal)
        served = true
      }
    } catch (error) {
      log.warn({ error: (error as Error).message }, 'the connection to Xenstore ended')
      await pause(RETRY_MS_MIN, signal)
    }
    await xenstore.close()
  }
  stopWatching()
  engine.stop()
  await watching
}

async function connect(options: AgentOptions, log: Logger, signal: AbortSignal): Promise<XenstoreClient | undefined> {
  try {
    return await XenstoreClient.connect({ path: options.xenstore, timeoutMs: XENSTORE_TIMEOUT_MS, signal })
  } catch (error) {
    if (!signal.aborted) log.warn({ error: (error as Error).message }, 'no Xenstore')
    return undefined
  }
}
