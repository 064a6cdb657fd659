import { PROMISES, type Violation } from './check/violation.ts'
import type { Plan } from './plan/step.ts'
import { type Run, runPlan } from './run.ts'
import { shrink } from './shrink.ts'

/** Lines of a history that are shown. */
const LINES_MAX = 250
const LINE_MAX = 260

/** What a person wants to know of a world that broke a promise: which one, the shortest history found, and how to see it again. */
export async function reportFailure(plan: Plan, first: Violation): Promise<string> {
  const smallest = await shrink(plan, first.promise)
  const run = await runPlan(smallest, true)
  const violation = run.violations.find(({ promise }) => promise === first.promise) ?? first
  return [
    `seed ${plan.seed} breaks the promise “${PROMISES[violation.promise]}”:`,
    `  ${violation.text}`,
    '',
    `the shortest plan found (${smallest.steps.length} of ${plan.steps.length} steps), as test/simulation/failures.ts takes it:`,
    ...planLines(smallest),
    '',
    'what happened (ms):',
    ...historyLines(run, violation),
    '',
    `see all of it: npm run simulate -- --seed ${plan.seed}`,
  ].join('\n')
}

/** A plan as TypeScript. */
function planLines({ steps, ...rest }: Plan): string[] {
  const head = JSON.stringify(rest).slice(0, -1)
  return [`  ${head},"steps":[`, ...steps.map(step => `    ${JSON.stringify(step)},`), '  ]}']
}

/** The history up to where nothing goes wrong any more, and of the rest what is about the command in question. */
function historyLines({ world }: Run, { id }: Violation): string[] {
  const lines = world.trace
    .filter(({ text }) => isTold(text, id))
    .map(({ at, text }) => `${at.toFixed(3).padStart(11)}  ${text}`)
  const shown = lines.length > LINES_MAX ? [`  … ${lines.length - LINES_MAX} lines`, ...lines.slice(-LINES_MAX)] : lines
  return shown.map(line => (line.length > LINE_MAX ? `${line.slice(0, LINE_MAX - 1)}…` : line))
}

/** Listings and looks at what is not about it are left out. */
function isTold(text: string, id: string | undefined): boolean {
  if (id !== undefined && text.includes(id)) return true
  return /^(STEP|FAULT)|: QEMU| (GIVE|PICK-UP|END) |WRITE \d+:\/stubdom\/(hello|status)/.test(text)
}
