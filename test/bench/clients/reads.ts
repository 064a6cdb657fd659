import { XenstoreClient } from '@stubdom/xenstore'
import { median, serveRounds } from './rounds.ts'

/**
 * Our client: READs one at a time (the median of their times in microseconds) or so many in flight (READs per second).
 * Usage: reads SOCKET NODE IN_FLIGHT
 */
const [path = '', node = '', inFlight = '1'] = process.argv.slice(2)
const client = await XenstoreClient.connect({ path })
await serveRounds(inFlight === '1' ? oneAtATime : pipelined)
await client.close()

async function oneAtATime(count: number): Promise<number> {
  const times = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    const begun = performance.now()
    await client.read(node)
    times[i] = performance.now() - begun
  }
  return median(times) * 1_000
}

async function pipelined(count: number): Promise<number> {
  let left = count
  const lane = async (): Promise<void> => {
    while (left-- > 0) await client.read(node)
  }
  const begun = performance.now()
  await Promise.all(Array.from({ length: Number(inFlight) }, lane))
  return (count / (performance.now() - begun)) * 1_000
}
