import type { LabWork } from '../events.ts'
import { SHARES } from '../shares.ts'
import { runBench } from './bench.ts'
import { declaredTests, type LabTest, runTest } from './harness.ts'
import { nextRequest, tell } from './host.ts'
import { shipAllAnew, shipLogs, shipState } from './logs.ts'
import { runPlayground } from './playground.ts'
import { prepareGuests } from './prepared-guests.ts'
import { endAllGuests } from './shared-guest.ts'
import { run } from './shell.ts'

const SHIP_EVERY_MS = 1_000

const shipping = setInterval(shipLogs, SHIP_EVERY_MS)
try {
  let request = nextRequest()
  if (request.mode === 'prepare') {
    await prepareGuests()
    tell({ event: 'prepared' })
    request = nextRequest()
    // Who asks now may not have been there before.
    shipAllAnew()
  }
  if (request.mode === 'shell') await runPlayground(request)
  else if (request.mode === 'bench') await runBench()
  else if (request.mode === 'test') await runTests(request)
} catch (error) {
  tell({ event: 'note', text: `lab: in dom0: ${error instanceof Error ? error.stack : error}` })
} finally {
  clearInterval(shipping)
  shipLogs()
}
process.exit()

async function runTests({ topics, filters }: LabWork): Promise<void> {
  const chosen = testsOf(topics).filter(({ name }) => filters.length === 0 || filters.some(part => name.includes(part)))
  tell({ event: 'planned', tests: chosen.length })
  for (const test of chosen) {
    tell({ event: 'began', test: test.name })
    const began = performance.now()
    const ms = () => Math.round(performance.now() - began)
    try {
      await runTest(test)
      tell({ event: 'passed', test: test.name, ms: ms() })
    } catch (error) {
      tell({
        event: 'failed',
        test: test.name,
        ms: ms(),
        error: error instanceof Error ? (error.stack ?? error.message) : `${error}`,
      })
      await shipState(test.name)
      if (!(await isXenstoreAlive())) {
        tell({ event: 'note', text: 'lab: xenstored is dead: nothing more can be tested' })
        return
      }
      await endAllGuests()
    }
  }
}

/** @throws when a topic is in no share: its tests would never run */
function testsOf(topics: readonly string[]): LabTest[] {
  const known = new Set(SHARES.flat())
  const unknown = declaredTests().find(({ topic }) => !known.has(topic))
  if (unknown) throw new Error(`${unknown.topic} is in none of the shares (test/lab/shares.ts)`)
  return topics.flatMap(topic => declaredTests().filter(test => test.topic === topic))
}

async function isXenstoreAlive(): Promise<boolean> {
  const { code } = await run('xenstore-read', ['domid'], { timeoutMs: 10_000 }).catch(() => ({ code: undefined }))
  return code === 0
}
