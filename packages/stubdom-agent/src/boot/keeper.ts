import { printable } from '@stubdom/protocol'
import { keepConnected, XenstoreClient } from '@stubdom/xenstore'
import {
  BehaviorSubject,
  filter,
  firstValueFrom,
  map,
  type Observable,
  Subscription,
  switchMap,
  take,
  takeUntil,
} from 'rxjs'
import type { Logger } from '../logger.ts'
import { aborted, pause } from '../pause.ts'
import type { Monitor } from '../qemu/monitor.ts'
import { deviceNodes, tapsWithoutScript, wantsRestore } from './command-line.ts'
import { missingDevices } from './devices.ts'
import { type NextStep, Restarts } from './exit-policy.ts'
import { type ModelConfig, readModelConfig } from './model-config.ts'
import { type BootState, type ModelState, modelState } from './model-state.ts'
import { Network } from './network.ts'
import type { BootOptions } from './options.ts'
import { describeExit, type Exit, type Program } from './program.ts'
import { startQemu } from './qemu-process.ts'
import { keepVchanProxy } from './vchan-proxy.ts'

/** Milliseconds between looks for the toolstack's arguments, which should be there before the stubdomain runs. */
const LOOK_MS = 500
/** Milliseconds that QEMU may take to end before it is killed. */
const STOP_MS = 3_000

/**
 * Starts QEMU as the toolstack wants it, and keeps it:
 *
 *     reading-config ──> waiting-devices ──> starting-qemu ──> started ──> exited ──> starting-qemu | the end
 */
export class Keeper {
  readonly #options: BootOptions
  readonly #monitor: Monitor
  readonly #log: Logger
  readonly #restarts: Restarts
  readonly #network: Network
  readonly #state = new BehaviorSubject<BootState>({ kind: 'reading-config', reason: undefined })
  #remark: string | undefined

  /** The present state at once, then each change. */
  readonly state: Observable<ModelState>

  constructor(options: BootOptions, monitor: Monitor, log: Logger) {
    this.#options = options
    this.#monitor = monitor
    this.#log = log
    this.#restarts = new Restarts(options.onQemuExit)
    this.#network = new Network(log)
    this.state = this.#state.pipe(switchMap(boot => monitor.state.pipe(map(seen => modelState(boot, seen)))))
  }

  /** Resolves with the agent's exit code when QEMU has ended and the agent is to end as well, or when `signal` aborted and nothing runs any more. */
  async run(signal: AbortSignal): Promise<number> {
    const config = await this.#readConfig(signal)
    if (!config) return 0
    const over = new AbortController()
    const proxy = this.#keepProxy(config, AbortSignal.any([signal, over.signal]))
    try {
      for (;;) {
        const next = await this.#runQemu(config, signal)
        if (signal.aborted) return 0
        if (next.do === 'end') return next.code
        if (next.do === 'stay') await firstValueFrom(aborted(signal))
        else await pause(next.afterMs, signal)
        if (signal.aborted) return 0
      }
    } finally {
      over.abort()
      await proxy
    }
  }

  /** Reads what the toolstack wants, until it is there; undefined when `signal` aborted before. */
  async #readConfig(signal: AbortSignal): Promise<ModelConfig | undefined> {
    let told: string | undefined
    const problem = (reason: string) => {
      if (reason !== told) this.#enter({ kind: 'reading-config', reason })
      told = reason
    }
    const done = new AbortController()
    let config: ModelConfig | undefined
    await keepConnected(
      over => XenstoreClient.connect({ path: this.#options.agent.xenstore, signal: over }),
      async (xenstore, over) => {
        while (!over.aborted) {
          const found = await readModelConfig(xenstore)
          if (!('problem' in found)) {
            config = found
            return done.abort()
          }
          problem(found.problem)
          await pause(LOOK_MS, over)
        }
      },
      { signal: AbortSignal.any([signal, done.signal]), onLost: error => problem(error.message) },
    )
    return config
  }

  /** One QEMU, from what it needs to its end. */
  async #runQemu(config: ModelConfig, signal: AbortSignal): Promise<NextStep> {
    const missing = await missingDevices(deviceNodes(config.arguments), signal, absent =>
      this.#enter({ kind: 'waiting-devices', reason: absent.join(', ') }),
    )
    // QEMU says itself what it cannot do without.
    if (missing.length > 0) this.#log.warn({ missing }, 'devices of the stubdomain are not there')
    this.#enter({ kind: 'starting-qemu', reason: undefined })
    const startedAt = performance.now()
    const { exit, told } = await this.#untilExit(config, signal)
    const next = this.#restarts.after(exit, performance.now() - startedAt, wantsRestore(config.arguments))
    const reason = printable(`QEMU ${describeExit(exit)}${told}; ${next.says}`)
    if (!signal.aborted) this.#enter({ kind: 'exited', reason })
    this.#log[exit.code === 0 ? 'info' : 'error']({ next: next.do }, reason)
    await this.#network.down()
    return next
  }

  /** `told`: by what QEMU was told to end, in its words (ShutdownCause), if it was. */
  async #untilExit(config: ModelConfig, signal: AbortSignal): Promise<{ exit: Exit; told: string }> {
    let told = ''
    let qemu: Program
    try {
      qemu = startQemu(this.#options, config.arguments, this.#log)
    } catch (error) {
      return { exit: { code: null, signal: null, error: (error as Error).message, lastWords: '' }, told }
    }
    this.#log.info({ pid: qemu.pid, arguments: config.arguments }, 'QEMU is started')
    const stop = () => void qemu.stop(STOP_MS)
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
    const attention = new Subscription()
    attention.add(this.#ready().subscribe(() => this.#started(config)))
    attention.add(
      this.#monitor.events.subscribe(({ event, data }) => {
        if (event === 'SHUTDOWN') told = ` (${printable(String(data?.['reason']), 32)})`
        if (event === 'DEVICE_DELETED') this.#network.removed(String(data?.['device']))
      }),
    )
    const exit = await qemu.exited
    attention.unsubscribe()
    signal.removeEventListener('abort', stop)
    return { exit, told: exit.code === 0 ? told : '' }
  }

  /** QEMU's main loop runs, so that its network interfaces are there. */
  #started(config: ModelConfig): void {
    this.#network.up(tapsWithoutScript(config.arguments))
    this.#enter({ kind: 'started', remark: this.#remark })
  }

  async #keepProxy({ target }: ModelConfig, signal: AbortSignal): Promise<void> {
    const { vchanProxy, paths } = this.#options
    if (vchanProxy === undefined) return
    await firstValueFrom(this.#ready().pipe(takeUntil(aborted(signal))), { defaultValue: undefined })
    if (signal.aborted) return
    const onProblem = (problem: string | undefined) => {
      this.#remark = problem && `no QMP over vchan: ${problem}`
      if (this.#state.value.kind === 'started') this.#enter({ kind: 'started', remark: this.#remark })
    }
    await keepVchanProxy({ program: vchanProxy, target, socket: paths.front, log: this.#log, onProblem }, signal)
  }

  #ready(): Observable<unknown> {
    return this.#monitor.state.pipe(
      filter(({ kind }) => kind === 'ready'),
      take(1),
    )
  }

  #enter(state: BootState): void {
    this.#state.next(state)
  }
}
