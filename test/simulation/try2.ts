import { generatePlan } from './plan/generate.ts'
import { runPlan } from './run.ts'

const [from, to, trace] = process.argv.slice(2)
Error.stackTraceLimit = 0
const t0 = process.hrtime.bigint()
const total = { ops: 0, dir: 0 } as Record<string, number>
let bad = 0
const kinds: Record<string, number> = {}
const endings: Record<string, number> = {}
for (let seed = Number(from); seed < Number(to); seed++) {
  const run = await runPlan(generatePlan(seed), trace !== undefined)
  total['events'] = (total['events'] ?? 0) + run.world.clock.count
  total['ops'] = (total['ops'] ?? 0) + run.world.xenstored.counts().operations
  for (const c of run.world.calls) {
    const k = c.ending ? (c.ending.kind === 'done' ? 'done' : c.ending.kind + ':' + c.ending.code) : 'none'
    endings[k] = (endings[k] ?? 0) + 1
  }
  if (trace) for (const { at, text } of run.world.trace) console.log(at.toFixed(3).padStart(11), text)
  if (run.violations.length > 0) {
    bad++
    console.log(seed, run.violations[0]?.promise, run.violations[0]?.text.slice(0, trace ? 3000 : 300))
    for (const v of run.violations) kinds[v.promise] = (kinds[v.promise] ?? 0) + 1
  }
}
console.log(total)
console.log({ bad, kinds, endings, ms: Number(process.hrtime.bigint() - t0) / 1e6 })
