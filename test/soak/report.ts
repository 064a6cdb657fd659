import type { ProcessSample } from './sample.ts'
import type { Outcome, Period } from './soak.ts'
import { addTally, emptyTally, type Tally } from './tally.ts'
import type { Judgement } from './verdict.ts'

/** What was going on in one period, in two lines. */
export function periodText({ sample, library, cli, faults }: Period): string {
  const all = together([library, cli])
  const { nodes, watches, left, stateFiles, processes } = sample
  const struck = Object.values(faults).reduce((sum, count) => sum + count, 0)
  const megabytes = Object.entries(processes).map(([name, process]) => `${name} ${processText(process)}`)
  return [
    `${clock(sample.at)}  ${all.done} commands done, ${struck} faults; errors: ${counts(all.errors)}`,
    `       ${nodes} nodes, ${watches} watches, ${left} kept, ${stateFiles} state files; ${megabytes.join(', ')}`,
  ].join('\n')
}

/** What it all came to. */
export function outcomeText({ seed, periods, judgements, problems }: Outcome): string {
  const all = together(periods.flatMap(({ library, cli }) => [library, cli]))
  const faults: Record<string, number> = {}
  for (const { faults: struck } of periods)
    for (const [name, count] of Object.entries(struck)) faults[name] = (faults[name] ?? 0) + count
  return [
    `seed ${seed}: ${all.done} commands done in ${clock(periods.at(-1)?.sample.at ?? 0)} (minutes:seconds)`,
    `errors: ${counts(all.errors)}`,
    `faults: ${counts(faults)}`,
    '',
    judgementTable(judgements),
    '',
    ...problems.map(problem => `problem: ${problem}`),
    verdictText(judgements, problems),
  ].join('\n')
}

export function isGood({ judgements, problems }: Pick<Outcome, 'judgements' | 'problems'>): boolean {
  return problems.length === 0 && judgements.every(({ verdict }) => verdict !== 'grows')
}

function verdictText(judgements: readonly Judgement[], problems: readonly string[]): string {
  const growing = judgements.filter(({ verdict }) => verdict === 'grows').map(({ what }) => what)
  const judged = judgements.filter(({ verdict }) => verdict !== 'too-short').length
  if (isGood({ judgements, problems })) {
    return judged === 0
      ? 'verdict: no problem; too short to judge what grows'
      : `verdict: good, none of ${judged} grows`
  }
  return `verdict: bad; ${problems.length} problems; growing: ${growing.join(', ') || 'nothing'}`
}

function judgementTable(judgements: readonly Judgement[]): string {
  const rows = judgements.map(({ what, unit, first, last, samples, slope, drift, forgiven, verdict }) => [
    what,
    `${round(first)}`,
    `${round(last)}`,
    `${samples}`,
    slope === undefined ? '' : `${round(slope)}`,
    drift === undefined ? '' : `${round(drift)}`,
    `${forgiven}`,
    unit,
    verdict,
  ])
  const head = ['', 'first', 'last', 'samples', 'per hour', 'drift', 'forgiven', '', '']
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map(row => (row[column] ?? '').length)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
  return [head, ...rows].map(row => line(row).trimEnd()).join('\n')
}

function together(tallies: readonly Tally[]): Tally {
  const all = emptyTally()
  for (const tally of tallies) addTally(all, tally)
  return all
}

function processText({ rssBytes, descriptors }: ProcessSample): string {
  return `${(rssBytes / 1_000_000).toFixed(1)} MB/${descriptors} fds`
}

function counts(of: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(of).toSorted(([, a], [, b]) => b - a)
  return sorted.map(([name, count]) => `${name} ${count}`).join(', ') || 'none'
}

function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${`${seconds % 60}`.padStart(2, '0')}`.padStart(5)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
