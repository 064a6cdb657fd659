import { type CommandResult, printable } from '@stubdom/protocol'
import type { Command } from 'commander'
import { UsageError } from '../../errors.ts'
import type { Act } from '../program.ts'
import { guestSlot, pciSpec } from './pci-address.ts'
import { addPlumbFlags, type PlumbFlags, plumbSettings } from './plumb-flags.ts'

export function registerPciAttach(program: Command, act: Act): void {
  addPlumbFlags(program.command('pci-attach <domain> <BDF[@slot][,key=value…]>'))
    .description('hot-plug a PCI device that is assigned to the stubdomain into the guest')
    .addHelpText(
      'after',
      `
Options of the device are written behind its address, as in xl-pci-configuration(5):
  permissive=0|1             handed to QEMU
  msitranslate=0|1, power_mgmt=0|1, seize=0|1, rdm_policy=strict|relaxed
                             carried out by the toolstack: with --plumb honoured, else accepted at their default and refused otherwise
The slot is hexadecimal, 1 to 1f. BB:DD.* attaches every function of the device that the stubdomain was given, in one slot of the guest;
they are detached together.

Without --plumb the device must be the stubdomain's already (that is what xl does before its own device_add). With it the whole is done from
here: pciback, permissions, assignment, then the device model; and all of it is taken back if any of it fails.
libxl's stored configuration does not learn of it: a guest that reboots comes back without the device.`,
    )
    .action(
      act(async (context, domain: string, device: string, options: PlumbFlags) => {
        const args = pciSpec(device)
        if (args.functions && options.plumb) {
          const remedy =
            'give the functions to the stubdomain with the toolstack and leave --plumb out, or attach them one by one'
          throw new UsageError('--plumb takes one function at a time', { remedy })
        }
        const stubdomain = await context.stubdomain(domain, plumbSettings(context, options))
        if (!options.plumb) {
          const command = stubdomain.pciAttach(args, context.commandOptions)
          const result = await context.run(command)
          return { json: { id: command.id, result }, text: attached(stubdomain.name, result) }
        }
        const command = stubdomain.pciAttachPlumbed(args, context.commandOptions)
        const { device: result, plumbing } = await context.run(command)
        return {
          json: { id: command.id, result, ...(plumbing ? { plumbing } : {}) },
          text: [attached(stubdomain.name, result), ...(plumbing?.notes ?? []).map(note => `  ${note}`)].join('\n'),
        }
      }),
    )
}

function attached(name: string, device: CommandResult<'pci-attach'>): string {
  const { bdf, guest, driver, permissive, functions = [], warning } = device
  const where = guest ? `at ${guestSlot(guest)}` : 'behind a bridge that the guest has not numbered yet'
  const applied = permissive === undefined ? '' : `, permissive=${Number(permissive)}`
  const others = functions.length > 1 ? ` with ${functions.length - 1} more of its functions` : ''
  const warned = warning === undefined ? '' : `\n  ${printable(warning)}`
  return `${bdf} is attached to ${name} ${where}${others} (${driver}${applied})${warned}`
}
