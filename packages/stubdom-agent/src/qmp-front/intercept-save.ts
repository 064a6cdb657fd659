import type { Qemu } from '../commands/task.ts'
import type { Intercept } from './command.ts'

/** The file descriptor set that libxl takes console 1 to be. Source: Xen, tools/libs/light/libxl_dm.c and docs/misc/stubdom.txt. */
const SAVE_FDSET = '/dev/fdset/1'

/** Where the state that xl asks for goes. */
export interface StateSink {
  /**
   * Opens a file or FIFO, has QEMU write its state there, and resolves when all of it has reached dom0: xl reads its end as soon as it is answered.
   * @param write has QEMU write to a file; resolves when it has
   */
  receive(write: (filename: string) => Promise<void>, signal: AbortSignal): Promise<void>
}

/**
 * xl’s save: QEMU 7.2 cannot write to a console (it truncates: EINVAL), and its fdset goes with the last monitor, so that the state takes our own way.
 */
export function interceptSave(sink: StateSink, qemu: Qemu): Intercept {
  return ({ name, args }) => {
    if (name !== 'xen-save-devices-state' || args['filename'] !== SAVE_FDSET) return undefined
    return async signal => {
      const write = async (filename: string) => void (await qemu.execute(name, { ...args, filename }))
      await sink.receive(write, signal)
      return {}
    }
  }
}
