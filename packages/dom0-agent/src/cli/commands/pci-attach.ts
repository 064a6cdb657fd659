import type { Command } from 'commander'
import type { Act } from '../program.ts'
import { guestSlot, pciSpec } from './pci-address.ts'

export function registerPciAttach(program: Command, act: Act): void {
  program
    .command('pci-attach <domain> <BDF[@slot][,key=value…]>')
    .description('hot-plug a PCI device that is assigned to the stubdomain into the guest')
    .addHelpText(
      'after',
      `
Options of the device are written behind its address, as in xl-pci-configuration(5):
  permissive=0|1             handed to QEMU
  msitranslate=0|1, power_mgmt=0|1, seize=0|1, rdm_policy=strict|relaxed
                             carried out by the toolstack: accepted at their default, else refused
The slot is hexadecimal, 1 to 1f.`,
    )
    .action(
      act(async (context, domain: string, device: string) => {
        const args = pciSpec(device)
        const stubdomain = await context.stubdomain(domain)
        const command = stubdomain.pciAttach(args, context.commandOptions)
        const result = await context.run(command)
        const { bdf, guest, driver, permissive } = result
        const where = guest ? `at ${guestSlot(guest)}` : 'behind a bridge that the guest has not numbered yet'
        const applied = permissive === undefined ? '' : `, permissive=${Number(permissive)}`
        return {
          json: { id: command.id, result },
          text: `${bdf} is attached to ${stubdomain.name} ${where} (${driver}${applied})`,
        }
      }),
    )
}
