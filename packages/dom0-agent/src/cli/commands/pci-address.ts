import { type CommandResult, formatBdf, type PciAttachArgs, parseBdf, parsePciSpec } from '@stubdom/protocol'
import { UsageError } from '../../errors.ts'

const REMEDY = 'a device is written [DDDD:]BB:DD.F[@slot][,key=value…], as in xl-pci-configuration(5)'

/** @throws UsageError */
export function pciSpec(text: string): PciAttachArgs {
  const spec = parsePciSpec(text)
  if ('problem' in spec) throw new UsageError(spec.problem, { remedy: REMEDY })
  return spec
}

/** @throws UsageError */
export function pciAddress(text: string): string {
  const bdf = parseBdf(text)
  if (bdf) return formatBdf(bdf)
  throw new UsageError(`${JSON.stringify(text)} is no PCI address`, {
    remedy: 'it is written [DDDD:]BB:DD.F, e.g. 03:00.0',
  })
}

/** Where the guest sees a device, as `xl pci-list` writes it: `05.0`. */
export function guestSlot(guest: CommandResult<'pci-attach'>['guest']): string {
  if (!guest) return '-'
  return `${guest.slot.toString(16).padStart(2, '0')}.${guest.function}`
}
