import { stat, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { PROGRAMS, start, World } from '@stubdom/demo'
import { connect, type Stubdomain } from '@stubdom/dom0-agent'
import { daemons } from '@stubdom/test-xenstored'
import { filter, firstValueFrom, switchMap, timeout } from 'rxjs'
import { type NodeSettings, shippedSettings } from './flags.ts'
import { type ProcessStatus, processorMs, processStatus } from './process.ts'

/**
 * What the agent weighs: `npm run footprint [-- --json FILE] [--bare]`. The agent runs as init starts it in a stubdomain, or with --bare without any flags.
 * A missed goal is reported, not failed.
 */
const { values } = parseArgs({ options: { json: { type: 'string' }, bare: { type: 'boolean' } } })

const MB = 1024 * 1024
const STARTS = 15
const COMMANDS = 50_000
/** Fewer than the agent's window. */
const IN_FLIGHT = 8
/** By then the agent has noticed that it rests. */
const IDLE_MS = 6_000
const START_MS_MAX = 20_000

interface Row {
  readonly name: string
  readonly value: number
  /** At most; null: only reported. */
  readonly goal: number | null
  readonly met: boolean | null
}

const row = (name: string, value: number, goal: number | null = null): Row => {
  const rounded = Math.round(value * 10) / 10
  return { name, value: rounded, goal, met: goal === null ? null : rounded <= goal }
}

const { flags, environment }: NodeSettings = values.bare ? { flags: [], environment: {} } : shippedSettings()
const settings = [...Object.entries(environment).map(([name, value]) => `${name}='${value}'`), ...flags].join(' ')
console.log(`Node ${process.version}, ${settings || 'no flags'}`)

const [daemon] = daemons()
const world = await World.start({ nodeFlags: flags, agentEnvironment: environment, ...(daemon ? { daemon } : {}) })
const rows: Row[] = []
try {
  const dom0 = await connect({ xenstore: world.dom0Socket })
  const stubdomain = await dom0.stubdomain(world.domains.name)
  await stubdomain.ping().result
  rows.push(row('bundle: bytes', (await stat(PROGRAMS.agent)).size, 250_000))
  const starts = await startToHello()
  rows.push(row('start to hello: ms, median', starts.hello, 150))
  rows.push(row('start to hello: ms of processor time, median', starts.processor))
  rows.push(row('an empty node beside it: ms, median', starts.empty))
  const idle = await settled()
  rows.push(row('idle: MB resident', idle.resident / MB), row('idle: MB anonymous', idle.anonymous / MB, 12))
  await load(stubdomain)
  const busy = await processStatus(world.agent?.pid ?? 0)
  rows.push(row(`at the end of ${COMMANDS} commands: MB resident`, busy.resident / MB))
  const loaded = await settled()
  rows.push(row(`idle after ${COMMANDS} commands: MB resident`, loaded.resident / MB, 56))
  rows.push(row(`idle after ${COMMANDS} commands: MB anonymous`, loaded.anonymous / MB))
  rows.push(row('threads', loaded.threads, 5))
  await dom0.close()
} finally {
  await world.stop()
}

for (const { name, value, goal, met } of rows) {
  const verdict = goal === null ? '' : `  ≤ ${goal}  ${met ? 'met' : 'MISSED'}`
  console.log(`${name.padEnd(48)}${String(value).padStart(10)}${verdict}`)
}
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ rows }, undefined, 2)}\n`)

/** From the start of the process until dom0 can see its hello. */
async function startToHello(): Promise<{ hello: number; processor: number; empty: number }> {
  const hello = `${world.controlDirectory}/stubdom/hello`
  const times: number[] = []
  const processor: number[] = []
  const empty: number[] = []
  for (let round = 0; round < STARTS; round++) {
    await world.killAgent()
    await world.dom0.rm(hello)
    const published = world.dom0.watch(hello).pipe(
      switchMap(() => world.dom0.exists(hello)),
      filter(Boolean),
      timeout(START_MS_MAX),
    )
    const seen = firstValueFrom(published)
    const begun = performance.now()
    await world.startAgent()
    await seen
    times.push(performance.now() - begun)
    processor.push(await processorMs(world.agent?.pid ?? 0))
    empty.push((await start(process.execPath, [...flags, '-e', '0'], environment).finished).ms)
  }
  return { hello: median(times), processor: median(processor), empty: median(empty) }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
}

async function settled(): Promise<ProcessStatus> {
  await sleep(IDLE_MS)
  return processStatus(world.agent?.pid ?? 0)
}

async function load(stubdomain: Stubdomain): Promise<void> {
  let left = COMMANDS
  const lane = async (): Promise<void> => {
    while (left-- > 0) await stubdomain.ping().result
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
}
