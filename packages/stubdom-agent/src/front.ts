import type { EngineParts } from './engine.ts'
import { QmpFront } from './qmp-front/front.ts'
import { interceptAttach } from './qmp-front/intercept-attach.ts'
import { interceptSave, type StateSink } from './qmp-front/intercept-save.ts'

/** Where xl finds QMP, and the monitor of QEMU’s behind it. */
export interface FrontSockets {
  readonly path: string
  readonly upstream: string
}

/**
 * Serves QMP for unmodified xl beside our own commands, until it is closed.
 * @param sink where xl’s save goes; undefined: QEMU is left to do it itself
 */
export function serveFront(
  { path, upstream }: FrontSockets,
  { monitor, turn, arrivals, log: parent }: Pick<EngineParts, 'monitor' | 'turn' | 'arrivals' | 'log'>,
  sink: StateSink | undefined,
): Promise<QmpFront> {
  const log = parent.child({ part: 'qmp-front' })
  const intercepts = [
    ...(sink ? [interceptSave(sink, monitor)] : []),
    ...(arrivals ? [interceptAttach({ arrivals, turn, qemu: monitor, log })] : []),
  ]
  return QmpFront.listen({ path, upstream, intercepts, log })
}
