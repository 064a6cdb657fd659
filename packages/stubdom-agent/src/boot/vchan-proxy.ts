import { basename } from 'node:path'
import type { Logger } from '../logger.ts'
import { pause } from '../pause.ts'
import { describeExit, Program } from './program.ts'

/** Milliseconds between starts: doubled each time, from the first again once it has lasted. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 30_000
const LASTED_MS = 10_000
const STOP_MS = 1_000

export interface VchanProxyParts {
  /** stubdom-vchan, or whatever takes the arguments of Xen's vchan-socket-proxy. */
  readonly program: string
  /** The guest's domid. */
  readonly target: number
  /** Where QMP for the toolstack is served. */
  readonly socket: string
  readonly log: Logger
  /** Told why there is no QMP over vchan; undefined when there is again. */
  readonly onProblem: (problem: string | undefined) => void
}

/**
 * Keeps the program that serves dom0's libxl at the node that libxl waits for, until `signal` aborts. When it ends, as it does at once without Xen, it is
 * started again; the agent's own way to dom0 does not depend on it.
 */
export async function keepVchanProxy(
  { program, target, socket, log, onProblem }: VchanProxyParts,
  signal: AbortSignal,
): Promise<void> {
  let delay = FIRST_PAUSE_MS
  let told: string | undefined
  const tell = (problem: string | undefined) => {
    if (problem === told) return
    if (problem) log.warn({ problem }, 'no QMP over vchan: trying again')
    told = problem
    onProblem(problem)
  }
  while (!signal.aborted) {
    const proxy = new Program(program, ['--mode=server', '0', `device-model/${target}/qmp-vchan`, socket], log)
    const well = setTimeout(() => tell(undefined), LASTED_MS)
    const stop = () => void proxy.stop(STOP_MS)
    signal.addEventListener('abort', stop)
    const startedAt = performance.now()
    const exit = await proxy.exited
    clearTimeout(well)
    signal.removeEventListener('abort', stop)
    if (signal.aborted) return
    if (performance.now() - startedAt >= LASTED_MS) delay = FIRST_PAUSE_MS
    tell(`${basename(program)} ${describeExit(exit)}`)
    await pause(delay, signal)
    delay = Math.min(delay * 2, LONGEST_PAUSE_MS)
  }
}
