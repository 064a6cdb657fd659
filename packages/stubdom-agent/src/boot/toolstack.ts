import type { Logger } from '../logger.ts'
import type { RunPaths } from './paths.ts'

/**
 * Where vchan-socket-proxy finds the QMP that the toolstack is to speak to: a monitor of QEMU's that nobody else uses, since QEMU serves one client
 * at a time on each. Called once, when QEMU is there.
 */
export async function toolstackSocket(paths: RunPaths, _log: Logger, _signal: AbortSignal): Promise<string> {
  return paths.toolstackQmp
}
