import type { Command } from 'commander'
import type { Act } from '../program.ts'
import { table } from '../table.ts'

export function registerLs(program: Command, act: Act): void {
  program
    .command('ls <domain>')
    .description('show the control directory, decoded: who wrote what, how old it is, which state it says')
    .action(
      act(async (context, domain: string) => {
        const nodes = await (await context.dom0()).controlDirectory(domain)
        const { red } = context.colors
        const rows = nodes.map(({ path, writer, ageMs, state, text }) => [
          writer,
          path,
          { text: ageMs === undefined ? '-' : age(ageMs), right: true },
          state === 'undecodable' || state === 'unreadable' ? { text: state, paint: red } : state,
          text,
        ])
        const header = ['Writer', 'Node', { text: 'Age', right: true }, 'State', 'Says']
        return { json: { nodes }, text: table([header, ...rows]) }
      }),
    )
}

/** `850ms`, `12.3s`, `45m`: enough to tell old from new. */
function age(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`
  if (ms < 100_000) return `${(ms / 1_000).toFixed(1)}s`
  return ms < 6_000_000 ? `${Math.round(ms / 60_000)}m` : `${Math.round(ms / 3_600_000)}h`
}
