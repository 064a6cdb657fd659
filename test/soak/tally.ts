/** What became of commands. */
export interface Tally {
  done: number
  /** How many ended otherwise, by code. */
  errors: Record<string, number>
  /** What must never happen, in words; the first few. */
  problems: string[]
}

const PROBLEMS_MAX = 20

/** An honest agent gives no reason for these, whatever else goes wrong. */
const NEVER: ReadonlySet<string> = new Set(['internal', 'bad-response', 'conflict', 'bad-request', 'usage', 'access'])

export function emptyTally(): Tally {
  return { done: 0, errors: {}, problems: [] }
}

export function countError(tally: Tally, code: string, what: string): void {
  tally.errors[code] = (tally.errors[code] ?? 0) + 1
  if (NEVER.has(code)) addProblem(tally, what)
}

export function addProblem(tally: Tally, problem: string): void {
  if (tally.problems.length < PROBLEMS_MAX) tally.problems.push(problem)
}

/** All of `more` on top of what `tally` has. */
export function addTally(tally: Tally, more: Tally): void {
  tally.done += more.done
  for (const [code, count] of Object.entries(more.errors)) tally.errors[code] = (tally.errors[code] ?? 0) + count
  for (const problem of more.problems) addProblem(tally, problem)
}
