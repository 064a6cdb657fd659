import { isMet, type Row } from './row.ts'

const HEADINGS = ['xenstored', 'what', 'value', 'goal', 'verdict', 'from'] as const

/** The rows as text, in columns. */
export function table(rows: readonly Row[]): string {
  const lines = [HEADINGS, ...rows.map(cells)]
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0)))
  return lines
    .map(line =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The rows for programs. What has no goal, or could not be measured, is null. */
export function document(rows: readonly Row[]): string {
  const plain = rows.map(row => ({
    name: row.name,
    daemon: row.daemon,
    value: row.value ?? null,
    goal: row.goal ? `${row.goal.sense} ${row.goal.bound}` : null,
    met: isMet(row) ?? null,
    detail: row.detail,
  }))
  return `${JSON.stringify({ rows: plain }, undefined, 2)}\n`
}

function cells(row: Row): readonly string[] {
  const { daemon, name, value, goal, detail } = row
  const wanted = goal ? `${goal.sense} ${goal.bound}` : ''
  return [daemon, name, value === undefined ? '–' : value.toFixed(2), wanted, verdict(row), detail]
}

function verdict(row: Row): string {
  if (row.value === undefined) return 'not measured'
  if (!row.goal) return ''
  return isMet(row) ? 'met' : 'MISSED'
}
