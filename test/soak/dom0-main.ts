import { join } from 'node:path'
import { connect, type Stubdomain } from '@stubdom/dom0-agent'
import { Random } from '../support/random.ts'
import { devices, give, goOn, type Lane, type LaneContext, queries, runState } from './lanes.ts'
import type { Dom0Settings, Resting, ToDom0 } from './messages.ts'
import { emptyTally } from './tally.ts'

/**
 * The long-lived dom0 process of the soak: some lanes of commands for each stubdomain, until it is told to rest.
 * Argument: {@link Dom0Settings}. It ends with the process that started it.
 */
const settings = JSON.parse(process.argv[2] ?? '{}') as Dom0Settings
const random = new Random(settings.seed)

/** Milliseconds; short, so that what nobody collects makes no slope of its own. */
const RETENTION_MS = 20_000
const PATIENCE_MS = 60_000

const dom0 = await connect({
  xenstore: settings.xenstore,
  saveDir: settings.saveDirectory,
  retentionMs: RETENTION_MS,
})
const contexts = new Map<string, LaneContext>()
const lanes: (() => Promise<void>)[] = []
let tally = emptyTally()
for (const name of settings.domains) {
  const stubdomain = await dom0.stubdomain(name)
  const context = (): LaneContext => ({
    stubdomain,
    random: random.fork(),
    tally: () => tally,
    file: join(settings.directory, `${name}.saved`),
  })
  contexts.set(name, context())
  const lanesOfOne: Lane[] = [queries, queries, devices(1, [2]), devices(2, [1]), runState]
  for (const lane of lanesOfOne) {
    const own = context()
    lanes.push(() => lane(own))
  }
}

const state = { resting: true }
let under: Promise<unknown> = Promise.resolve()

function work(): void {
  state.resting = false
  under = Promise.all(
    lanes.map(async lane => {
      while (!state.resting) await lane()
    }),
  )
}

async function rest(): Promise<void> {
  state.resting = true
  await under
  const listed = [...contexts].map(async ([name, context]) => [name, await rollCall(context)] as const)
  const found = Object.fromEntries(await Promise.all(listed))
  globalThis.gc?.()
  tell({ kind: 'resting', tally, heapBytes: process.memoryUsage().heapUsed, devices: found })
  tally = emptyTally()
}

/** With all faults mended the agent has to answer, and the device model to run; after a while, since it may have been away. */
async function rollCall(context: LaneContext): Promise<string[] | undefined> {
  const deadline = performance.now() + PATIENCE_MS
  do {
    await goOn(context)
    const list = await give(context, 'pciList', PATIENCE_MS, () => listOf(context.stubdomain))
    if (list) return list.devices.map(({ qdevId }) => qdevId)
  } while (performance.now() < deadline)
  return undefined
}

function listOf(stubdomain: Stubdomain): ReturnType<Stubdomain['pciList']> {
  return stubdomain.pciList({ timeoutMs: 5_000, graceMs: 1_000, force: true })
}

function tell(message: Resting): void {
  process.send?.(message)
}

process.on('disconnect', () => process.exit(1))
process.on('message', (message: ToDom0) => {
  if (message.kind === 'work') work()
  else if (message.kind === 'rest') void rest()
  else void dom0.close().then(() => process.disconnect?.())
})
