import { keepConnected, XenstoreClient } from '@stubdom/xenstore'
import type { Observable } from 'rxjs'
import type { ModelState } from './boot/model-state.ts'
import { StubdomainPciPort } from './control/pci-port.ts'
import { Session } from './control/session.ts'
import { Engine, type EngineParts } from './engine.ts'
import { serveFront } from './front.ts'
import type { Logger } from './logger.ts'
import type { AgentOptions } from './options.ts'
import { Arrivals } from './pci/arrivals.ts'
import { Turn } from './pci/turn.ts'
import { watchRemovals } from './pci/watch-removals.ts'
import { Monitor } from './qemu/monitor.ts'
import type { StateSink } from './qmp-front/intercept-save.ts'
import type { StateChannels } from './save/channel.ts'
import { ConfiguredChannels } from './save/channels.ts'
import { saveBare } from './save/for-toolstack.ts'

/** Milliseconds. A stalled Xenstore drops an unread watch event after 20 s, and goes on: until then nothing is lost. */
const TIMEOUT_MS = 25_000
const SILENCE_MS = 30_000

/** The agent's ways out of its process, QEMU's monitor aside. */
export interface Edges {
  readonly connectXenstore: (signal: AbortSignal) => Promise<XenstoreClient>
  readonly states: StateChannels
}

function realEdges(options: AgentOptions): Edges {
  const { xenstore: path } = options
  return {
    connectXenstore: signal => XenstoreClient.connect({ path, timeoutMs: TIMEOUT_MS, silenceMs: SILENCE_MS, signal }),
    states: new ConfiguredChannels(options),
  }
}

/** The QEMU that is served. */
export interface DeviceModel {
  readonly monitor: Monitor
  /** What is published of it: the present state at once, then each change. */
  readonly state: Observable<ModelState>
}

/**
 * Serves one stubdomain until `signal` aborts: QEMU and Xenstore may go away and come back meanwhile. An epoch lasts as long as the agent's own nodes
 * do; when they are gone (xenstored restarted, say) a new one begins.
 */
export async function runAgent(
  options: AgentOptions,
  log: Logger,
  signal: AbortSignal,
  model: DeviceModel = qemuThatIsThere(options, log),
  { connectXenstore, states }: Edges = realEdges(options),
): Promise<void> {
  const { monitor } = model
  const pci = options.sysfs === undefined ? undefined : new StubdomainPciPort(options.sysfs)
  const arrivals = pci && new Arrivals(pci)
  const parts: EngineParts = { options, monitor, states, turn: new Turn(), arrivals, log }
  let engine = new Engine(parts)

  const serve = async (xenstore: XenstoreClient, over: AbortSignal): Promise<void> => {
    let session = new Session({ ...parts, modelState: model.state, xenstore, engine })
    if (engine.started && !(await session.isOurs())) {
      log.warn({ epoch: engine.epoch }, 'the control directory is gone: beginning anew')
      engine = new Engine(parts, engine.stop())
      session = new Session({ ...parts, modelState: model.state, xenstore, engine })
    }
    pci?.use(xenstore)
    try {
      if (await session.treeReady(over)) await session.serve(over)
    } finally {
      pci?.use(undefined)
    }
  }

  const front = options.front && (await serveFront(options.front, parts, toolstackSink(options.saveConsole)))
  const watching = monitor.run(signal)
  const stopWatching = watchRemovals(monitor, () => engine.removals)
  try {
    await keepConnected(connectXenstore, serve, {
      signal,
      onLost: error => log.warn({ error: error.message }, 'no connection to Xenstore: making a new one'),
    })
  } finally {
    stopWatching()
    void engine.stop()
    await front?.close()
  }
  await watching
}

/** Where unmodified xl, which asks for it in the front, looks for a state. */
function toolstackSink(console: string | undefined): StateSink | undefined {
  if (console === undefined) return undefined
  const receive: StateSink['receive'] = async (write, signal) => {
    await saveBare(console, write, { signal, progress: () => {} })
  }
  return { receive }
}

function qemuThatIsThere(options: AgentOptions, log: Logger): DeviceModel {
  const monitor = new Monitor(options.qmp, log)
  return { monitor, state: monitor.state }
}
