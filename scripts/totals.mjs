// The last line of CI: the totals of all test reports, with the checks counted as one test. Exits with 1 unless all is well.
//   totals.mjs <exit code of the checks> [<report> <exit code of its run> <name of its run>]…
import { readFileSync } from 'node:fs'

const [checks = '1', ...rest] = process.argv.slice(2)
const checksFailed = checks === '0' ? 0 : 1
if (checksFailed) console.log('npm run check failed')
const sum = { passed: 1 - checksFailed, failed: checksFailed, skipped: 0 }
let complete = rest.length > 0
for (let at = 0; at < rest.length; at += 3) {
  const [report, exitCode, name] = rest.slice(at, at + 3)
  const { passed, failed, skipped } = count(report)
  // A runner that failed without a failing test (a file that does not load, an error outside a test) is a failure all the same.
  const runnerFailed = exitCode !== '0' && failed === 0 ? 1 : 0
  if (runnerFailed) console.log(`${name} ended with ${exitCode}`)
  if (passed === 0) complete = false
  sum.passed += passed
  sum.failed += failed + runnerFailed
  sum.skipped += skipped
}
console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`)
process.exitCode = sum.failed === 0 && complete ? 0 : 1

function count(file) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(file, 'utf8'))
    return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests }
  } catch {
    return { passed: 0, failed: 0, skipped: 0 }
  }
}
