import { generatePlan } from './plan/generate.ts'
import { runPlan } from './run.ts'

const [from, to, trace] = process.argv.slice(2)
if (trace === undefined) Error.stackTraceLimit = 0
const t0 = process.hrtime.bigint()
let bad = 0
const kinds: Record<string, number> = {}
const endings: Record<string, number> = {}
for (let seed = Number(from); seed < Number(to); seed++) {
  if (seed % 100 === 0) {
    const c = process.cpuUsage()
    console.error(seed, Math.round((c.user + c.system) / 1000), 'ms cpu')
  }
  const run = await runPlan(generatePlan(seed), trace !== undefined)
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
console.log({ bad, kinds, endings, ms: Number(process.hrtime.bigint() - t0) / 1e6 })
