import type { Command } from 'commander'
import type { Act } from '../program.ts'
import { table } from '../table.ts'
import { guestSlot } from './pci-address.ts'

export function registerPciList(program: Command, act: Act): void {
  program
    .command('pci-list <domain>')
    .description('list the PCI devices that the guest was given')
    .action(
      act(async (context, domain: string) => {
        const stubdomain = await context.stubdomain(domain)
        const command = stubdomain.pciList(context.commandOptions)
        const result = await context.run(command)
        const rows = result.devices.map(({ bdf, guest, driver, removalPending, permissive }) => [
          guestSlot(guest),
          bdf,
          driver,
          [permissive && 'permissive', removalPending && 'removal pending'].filter(Boolean).join(', '),
        ])
        return { json: { id: command.id, result }, text: table([['Vdev', 'Device', 'Driver', 'Notes'], ...rows]) }
      }),
    )
}
