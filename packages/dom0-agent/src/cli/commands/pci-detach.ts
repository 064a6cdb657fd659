import type { Command } from 'commander'
import type { Act } from '../program.ts'
import { pciAddress } from './pci-address.ts'

export function registerPciDetach(program: Command, act: Act): void {
  program
    .command('pci-detach <domain> <BDF>')
    .description('unplug a PCI device from the guest')
    .addHelpText(
      'after',
      `
The guest has to give the device up. When it does not do so in time the outcome is unknown (exit code 3): the device
may go later. Repeating the command asks the guest again.`,
    )
    .action(
      act(async (context, domain: string, device: string) => {
        const bdf = pciAddress(device)
        const stubdomain = await context.stubdomain(domain)
        const command = stubdomain.pciDetach({ bdf }, context.commandOptions)
        const result = await context.run(command)
        return { json: { id: command.id, result }, text: `${result.bdf} is detached from ${stubdomain.name}` }
      }),
    )
}
