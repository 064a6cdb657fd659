import { MATRICES } from './index.ts'
import type { Matrix } from './matrix.ts'
import { UNANSWERED } from './unanswered.ts'

const BEGIN = '<!-- tables: from test/crash/matrix -->\n'
const END = '<!-- end of tables -->\n'

/** `docs/crashes.md` with its tables made anew. */
export function withTables(page: string): string {
  const begin = page.indexOf(BEGIN) + BEGIN.length
  const end = page.indexOf(END)
  if (begin < BEGIN.length || end < begin) throw new Error(`the page has no place for its tables: ${BEGIN}… ${END}`)
  return page.slice(0, begin) + tables() + page.slice(end)
}

function tables(): string {
  const commands = MATRICES.map(matrix => `\n### ${matrix.command}\n\n${rowsOf(matrix)}`).join('')
  const unanswered = UNANSWERED.map(({ dies, at }) => [dies, at, 'unknown; done when the guest answers'])
  return `\nIn all ${points()} points.\n${commands}\n### pci-detach of a guest that does not answer\n\n${table(['killed', 'at', 'outcome'], unanswered)}\n`
}

/** Pairs of a step, or of two, and of who is killed there. */
export function points(): number {
  const of = ({ dom0, agent, recovery }: Matrix) => dom0.length + 2 * agent.length + recovery.length
  return MATRICES.reduce((sum, matrix) => sum + of(matrix), 0) + UNANSWERED.length
}

function rowsOf({ dom0, agent, recovery }: Matrix): string {
  const tablesOf = [
    table(
      ['step in dom0', 'dom0’s process is killed'],
      dom0.map(([step, outcome]) => [step, outcome.text]),
    ),
    table(
      ['step in the agent', 'the agent is killed', 'QEMU is killed'],
      agent.map(([step, agentDies, qemuDies]) => [step, agentDies.text, qemuDies.text]),
    ),
    table(
      ['the agent is killed at', 'and the next one at', 'outcome'],
      recovery.map(([first, second, outcome]) => [first, second, outcome.text]),
    ),
  ]
  return `${tablesOf.join('\n\n')}\n`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}
