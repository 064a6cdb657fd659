// The last line of CI: the totals of the test report, with the checks counted as one test. Exits with 1 unless all is well.
import { readFileSync } from 'node:fs'

const [report = '', checks = '1', tests = '1'] = process.argv.slice(2)
const { passed, failed, skipped } = count(report)
const checksFailed = checks === '0' ? 0 : 1
// A runner that failed without a failing test (a file that does not load, an error outside a test) is a failure all the same.
const runnerFailed = tests !== '0' && failed === 0 ? 1 : 0
const allFailed = failed + checksFailed + runnerFailed

if (checksFailed) console.log('npm run check failed')
if (runnerFailed) console.log(`npm test ended with ${tests}`)
console.log(`${passed + 1 - checksFailed} passed, ${allFailed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exitCode = allFailed === 0 && passed > 0 ? 0 : 1

function count(file) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(file, 'utf8'))
    return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests }
  } catch {
    return { passed: 0, failed: 0, skipped: 0 }
  }
}
