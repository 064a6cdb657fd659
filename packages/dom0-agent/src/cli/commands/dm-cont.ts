import type { Command } from 'commander'
import type { Act } from '../program.ts'

export function registerDmCont(program: Command, act: Act): void {
  program
    .command('dm-cont <domain>')
    .description('let the device model go on')
    .action(
      act(async (context, domain: string) => {
        const stubdomain = await context.stubdomain(domain)
        const command = stubdomain.dmCont(context.commandOptions)
        const result = await context.run(command)
        const already = result.changed ? '' : ' (it was already)'
        const text = `the device model of ${stubdomain.name} is ${result.runState}${already}`
        return { json: { id: command.id, result }, text }
      }),
    )
}
