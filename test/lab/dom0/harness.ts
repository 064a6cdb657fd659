/** One test as it was declared. */
export interface LabTest {
  readonly topic: string
  /** "<topic>: <name>" */
  readonly name: string
  readonly body: () => Promise<void>
  readonly timeoutMs: number
}

const TIMEOUT_MS = 60_000
const tests: LabTest[] = []

/** Declares a test of a topic; it fails when `body` rejects or takes longer than `timeoutMs` (60 s). */
export type Test = (name: string, body: () => Promise<void>, options?: { timeoutMs?: number }) => void

/** Tests of one topic, in the order in which they are declared. */
export function topic(title: string, declare: (test: Test) => void): void {
  declare((name, body, { timeoutMs = TIMEOUT_MS } = {}) =>
    tests.push({ topic: title, name: `${title}: ${name}`, body, timeoutMs }),
  )
}

export function declaredTests(): readonly LabTest[] {
  return tests
}

/** What a running test leaves to be undone, whether it passes or not; the last is undone first. */
const undoing: (() => Promise<void>)[] = []

/** Calls `undo` when the running test has ended. */
export function onTestEnd(undo: () => Promise<void>): void {
  undoing.push(undo)
}

/** Runs one test to its end, its clean-up included. @throws what it throws */
export async function runTest({ body, timeoutMs }: LabTest): Promise<void> {
  const problems: unknown[] = []
  try {
    await withTimeout(body(), timeoutMs, 'the test')
  } catch (error) {
    problems.push(error)
  }
  for (let undo = undoing.pop(); undo; undo = undoing.pop()) {
    try {
      await withTimeout(undo(), TIMEOUT_MS, 'its clean-up')
    } catch (error) {
      problems.push(error)
    }
  }
  if (problems.length > 1) throw new AggregateError(problems, problems.map(problem => `${problem}`).join('\n'))
  if (problems.length === 1) throw problems[0]
}

async function withTimeout<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} was not done after ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Asks every `everyMs` (50) until `look` gives something that is not undefined, false or empty; for what nothing can be watched for. What starts a program should not ask often.
 * @throws when that takes longer than `timeoutMs` (15 s), with `what` was waited for
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  { timeoutMs = 15_000, everyMs = 50 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const end = Date.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise(resolve => setTimeout(resolve, everyMs))
  }
}
