import type { Command } from 'commander'
import type { Act } from '../program.ts'
import { pciAddress } from './pci-address.ts'
import { addPlumbFlags, type PlumbFlags, plumbSettings } from './plumb-flags.ts'

export function registerPciDetach(program: Command, act: Act): void {
  addPlumbFlags(program.command('pci-detach <domain> <BDF>'))
    .description('unplug a PCI device from the guest')
    .addHelpText(
      'after',
      `
The guest has to give the device up. When it does not do so in time the outcome is unknown (exit code 3): the device
may go later. Repeating the command asks the guest again.

With --plumb the device is then taken from the stubdomain and the guest, too (permissions, assignment, pciback), whoever gave it to
them; without it that is left to the toolstack, and the device stays assigned.`,
    )
    .action(
      act(async (context, domain: string, device: string, options: PlumbFlags) => {
        const bdf = pciAddress(device)
        const stubdomain = await context.stubdomain(domain, plumbSettings(context, options))
        if (options.plumb) {
          const command = stubdomain.pciDetachPlumbed({ bdf }, context.commandOptions)
          const result = await context.run(command)
          const how = result.detached ? 'is detached' : 'was not attached any more and is taken'
          return {
            json: { id: command.id, result },
            text: `${bdf} ${how} from ${stubdomain.name}, and assignable again`,
          }
        }
        const command = stubdomain.pciDetach({ bdf }, context.commandOptions)
        const result = await context.run(command)
        const others = result.functions?.filter(other => other !== result.bdf).join(', ')
        const together = others ? `, and with it ${others}` : ''
        return {
          json: { id: command.id, result },
          text: `${result.bdf} is detached from ${stubdomain.name}${together}`,
        }
      }),
    )
}
