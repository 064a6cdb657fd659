// Format, lint, types, layering, unused code, and generated files that are not current.
import { run, tool } from './lib/run.mjs'
import { setUp } from './lib/setup.mjs'

await setUp()
const CHECKS = [
  ['format', tool('biome'), ['check', '--error-on-warnings']],
  ['lint', tool('oxlint'), ['--deny-warnings']],
  ['types', tool('tsc'), ['-p', 'tsconfig.check.json']],
  ['build', tool('tsc'), ['--build']],
  ['layering', process.execPath, ['scripts/layering.mjs']],
  ['unused code', tool('knip'), []],
  ['examples', process.execPath, ['scripts/doc-examples.mjs']],
  ['schemas', process.execPath, ['scripts/schema.mjs', '--check']],
]
const failed = []
for (const [name, program, args] of CHECKS) {
  console.log(`── ${name}`)
  if ((await run(program, args)) !== 0) failed.push(name)
}
console.log(failed.length === 0 ? 'check: all well' : `check: failed: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1
