import { writeFileSync } from 'node:fs'
import type { MeasuredRow } from './events.ts'

/** What `--bench` measured, side by side. */
export class BenchTable {
  readonly #rows: MeasuredRow[] = []

  add(row: MeasuredRow): void {
    this.#rows.push(row)
  }

  get isEmpty(): boolean {
    return this.#rows.length === 0
  }

  /** As docs/measurements.md has it. */
  toMarkdown(): string {
    const lines = this.#rows.map(
      ({ name, stock, ours, unit }) =>
        `| ${name} | ${show(stock, unit)} | ${show(ours, unit)} | ${ratio(stock, ours)} |`,
    )
    return ['| | stock | ours | ours ÷ stock |', '|---|---|---|---|', ...lines].join('\n')
  }

  writeJson(file: string): void {
    writeFileSync(file, `${JSON.stringify({ rows: this.#rows }, undefined, 2)}\n`)
  }
}

function show(value: number | string, unit: string): string {
  return typeof value === 'number' ? `${Math.round(value * 10) / 10} ${unit}` : value
}

function ratio(stock: number | string, ours: number | string): string {
  return typeof stock === 'number' && typeof ours === 'number' ? (ours / stock).toFixed(2) : ''
}
