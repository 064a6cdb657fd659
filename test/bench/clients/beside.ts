import { createInterface } from 'node:readline'
import { connect, type Stubdomain } from '@stubdom/dom0-agent'

/**
 * The dom0 library with two stubdomains on one connection: all the time some pings wait for the one, and pings to the other are measured. Each line on stdin is an
 * arm's name and a number of pings, or `report`; each answer a line: of a report, JSON with each arm's 99th percentile in µs, and the process' memory in bytes: what is resident after a
 * collection, and what is kept (run it with --expose-gc).
 * Usage: beside SOCKET MEASURED OTHER
 */
const [xenstore = '', measured = '', other = ''] = process.argv.slice(2)
const LANES = 8

const dom0 = await connect({ xenstore })
const [good, bad] = [await dom0.stubdomain(measured), await dom0.stubdomain(other)] as const
await good.ready()
const arms = new Map<string, number[]>()

async function keepWaiting(stubdomain: Stubdomain): Promise<never> {
  for (;;) await stubdomain.ping({ timeoutMs: 10_000, force: true }).result.catch(() => undefined)
}
for (let lane = 0; lane < LANES; lane++) void keepWaiting(bad)

async function measure(count: number): Promise<number[]> {
  const times: number[] = []
  while (times.length < count) {
    const begun = performance.now()
    await good.ping().result
    times.push((performance.now() - begun) * 1_000)
  }
  return times
}

function report(): string {
  const p99 = [...arms].map(([arm, times]) => [arm, percentile(times, 0.99)])
  // What V8 has not collected yet is not what was kept.
  globalThis.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  return JSON.stringify({ p99: Object.fromEntries(p99), rss, kept: heapUsed + external })
}

function percentile(times: readonly number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? Number.NaN
}

for await (const line of createInterface({ input: process.stdin })) {
  const [arm = '', count] = line.split(' ')
  if (arm === 'report') console.log(report())
  else {
    arms.set(arm, [...(arms.get(arm) ?? []), ...(await measure(Number(count)))])
    console.log('done')
  }
}
process.exit(0)
