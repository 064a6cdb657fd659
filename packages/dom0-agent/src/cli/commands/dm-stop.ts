import type { Command } from 'commander'
import type { Act } from '../program.ts'

export function registerDmStop(program: Command, act: Act): void {
  program
    .command('dm-stop <domain>')
    .description('stop the device model (not the guest)')
    .addHelpText('after', '\nThis stops the device model; the guest’s vCPUs belong to Xen (xl pause).')
    .action(
      act(async (context, domain: string) => {
        const stubdomain = await context.stubdomain(domain)
        const command = stubdomain.dmStop(context.commandOptions)
        const result = await context.run(command)
        const already = result.changed ? '' : ' (it was already)'
        const text = `the device model of ${stubdomain.name} is ${result.runState}${already}`
        return { json: { id: command.id, result }, text }
      }),
    )
}
