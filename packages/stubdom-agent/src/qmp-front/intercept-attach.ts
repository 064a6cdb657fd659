import { formatBdf } from '@stubdom/protocol'
import type { Qemu } from '../commands/task.ts'
import type { Logger } from '../logger.ts'
import type { Arrivals } from '../pci/arrivals.ts'
import { parseAddress } from '../pci/assignment.ts'
import { PASSTHROUGH_DRIVER } from '../pci/devices.ts'
import { hostAddress } from '../pci/host-address.ts'
import type { Turn } from '../pci/turn.ts'
import type { Intercept } from './command.ts'

/** Milliseconds. libxl gives up an attach, its repetitions included, after 10 s. Source: Xen, tools/libs/light/libxl_pci.c. */
const ATTACH_MS = 9_500

export interface AttachParts {
  readonly arrivals: Arrivals
  readonly turn: Turn
  readonly qemu: Qemu
  readonly log: Logger
}

/**
 * xl’s hot-plug of a real device: done when the device has arrived, with the address that this QEMU needs, in turn with our own commands. xl itself asks
 * as soon as pciback says Connected, which is before sysfs has the device, and knows the machine’s address only.
 */
export function interceptAttach({ arrivals, turn, qemu, log }: AttachParts): Intercept {
  return ({ name, args }) => {
    if (name !== 'device_add' || args['driver'] !== PASSTHROUGH_DRIVER) return undefined
    const { hostaddr: text } = args
    const address = parseAddress(typeof text === 'string' ? text : undefined)
    if (!address) return undefined
    const bdf = formatBdf(address)
    const attach = async (signal: AbortSignal, deadline: number) => {
      const remainingMs = () => deadline - performance.now()
      const stage = (waiting: string) => log.info({ bdf, stage: waiting }, 'xl’s device has not arrived yet')
      const local = await arrivals.wait(bdf, { signal, remainingMs, stage })
      signal.throwIfAborted()
      const { hostaddr, warning, obstacle } = hostAddress(qemu.version, bdf, local)
      if (warning) log.warn({ bdf, local }, obstacle ?? warning)
      return qemu.execute(name, { ...args, hostaddr })
    }
    return signal => {
      const deadline = performance.now() + ATTACH_MS
      return turn.run(signal, () => attach(signal, deadline))
    }
  }
}
