import type { LabTests } from '../events.ts'
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
  await obey()
} catch (error) {
  tell({ event: 'note', text: `lab: in dom0: ${error instanceof Error ? error.stack : error}` })
} finally {
  clearInterval(shipping)
  shipLogs()
}
process.exit()

/** Does what the host wants until it wants no more. */
async function obey(): Promise<void> {
  for (;;) {
    const request = nextRequest()
    switch (request.mode) {
      case 'prepare':
        await prepareGuests()
        tell({ event: 'prepared' })
        // Who asks next may not have been there before.
        shipAllAnew()
        break
      case 'test':
        if (!(await runTests(request))) return
        tell({ event: 'done' })
        break
      case 'shell':
        return await runPlayground(request.terminal)
      case 'bench':
        return await runBench()
      case 'end':
        return
    }
  }
}

/** False when this machine is good for nothing more. */
async function runTests({ topic, filters }: LabTests): Promise<boolean> {
  const chosen = declaredTests().filter(test => test.topic === topic && isChosen(test, filters))
  const topics = [...new Set(declaredTests().map(test => test.topic))]
  tell({ event: 'planned', tests: chosen.length, topics })
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
        return false
      }
      await endAllGuests()
    }
  }
  return true
}

function isChosen({ name }: LabTest, filters: readonly string[]): boolean {
  return filters.length === 0 || filters.some(part => name.includes(part))
}

async function isXenstoreAlive(): Promise<boolean> {
  const { code } = await run('xenstore-read', ['domid'], { timeoutMs: 10_000 }).catch(() => ({ code: undefined }))
  return code === 0
}
