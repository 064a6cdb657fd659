import type { Command } from 'commander'
import type { Act } from '../program.ts'
import { table } from '../table.ts'

export function registerList(program: Command, act: Act): void {
  program
    .command('list')
    .description('list the HVM domains that have a stubdomain')
    .action(
      act(async context => {
        const stubdomains = await (await context.dom0()).listStubdomains()
        const { green, yellow } = context.colors
        const rows = stubdomains.map(({ name, domid, stubdomainDomid, agent, epoch, state }) => [
          name,
          { text: `${domid}`, right: true },
          { text: `${stubdomainDomid}`, right: true },
          agent ?? '-',
          epoch ?? '-',
          { text: state, paint: state === 'ready' ? green : yellow },
        ])
        const right = true
        const header = ['Name', { text: 'ID', right }, { text: 'Stubdom', right }, 'Agent', 'Epoch', 'State']
        return { json: { stubdomains }, text: table([header, ...rows]) }
      }),
    )
}
