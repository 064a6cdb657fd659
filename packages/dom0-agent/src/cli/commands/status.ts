import type { Command } from 'commander'
import type { Act } from '../program.ts'
import { table } from '../table.ts'

export function registerStatus(program: Command, act: Act): void {
  program
    .command('status <domain>')
    .description('show how the agent, the device model and the commands in flight are')
    .action(
      act(async (context, domain: string) => {
        const stubdomain = await context.stubdomain(domain)
        const command = stubdomain.status(context.commandOptions)
        const result = await context.run(command)
        const { agent, qemu, inFlight, pendingRemovals } = result
        const { name, domid, stubdomainDomid } = stubdomain
        const rows = [
          ['Domain', `${name} (domid ${domid}, stubdomain ${stubdomainDomid})`],
          [
            'Agent',
            `${agent.version}, up ${Math.round(agent.uptimeMs / 1_000)} s, takes ${agent.window} commands at a time`,
          ],
          ['Device model', `QEMU ${qemu.version}, ${qemu.running ? 'running' : 'stopped'} (${qemu.runState})`],
          [
            'In flight',
            inFlight.map(one => `${one.command} ${one.id} ${one.overdue ? 'overdue' : one.state}`).join('; ') ||
              'nothing',
          ],
          [
            'Removals',
            pendingRemovals.length > 0 ? `waiting for the guest: ${pendingRemovals.join(', ')}` : 'none pending',
          ],
        ]
        const about = { name, domid, stubdomain: stubdomainDomid }
        return { json: { id: command.id, ...about, result }, text: table(rows) }
      }),
    )
}
