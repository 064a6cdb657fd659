/** A cell's text, and how it is painted once it has its width. */
export interface Cell {
  readonly text: string
  readonly paint?: (text: string) => string
  readonly right?: boolean
}

/** Columns two spaces apart, as wide as their widest cell; the last one is not padded. One line for each row. */
export function table(rows: readonly (readonly (Cell | string)[])[]): string {
  const cells = rows.map(row => row.map(cell => (typeof cell === 'string' ? { text: cell } : cell)))
  const widths: number[] = []
  for (const row of cells) {
    for (const [column, { text }] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, text.length)
  }
  const line = (row: readonly Cell[]): string =>
    row
      .map(({ text, paint, right }, column) => {
        const width = column === row.length - 1 && !right ? 0 : (widths[column] ?? 0)
        const padded = right ? text.padStart(width) : text.padEnd(width)
        return paint ? paint(padded) : padded
      })
      .join('  ')
      .trimEnd()
  return cells.map(line).join('\n')
}
