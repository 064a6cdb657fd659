import { connect } from '@stubdom/dom0-agent'
import { median, serveRounds } from './rounds.ts'

/**
 * The dom0 library on a kept connection: commands, so many at a time; the median of their times in microseconds.
 * Usage: commands SOCKET DOMAIN ping|dm-cont IN_FLIGHT
 */
const [xenstore = '', domain = '', command = '', inFlight = '1'] = process.argv.slice(2)
const dom0 = await connect({ xenstore })
const stubdomain = await dom0.stubdomain(domain)
const give = (): Promise<unknown> => (command === 'ping' ? stubdomain.ping() : stubdomain.dmCont()).result
await serveRounds(async count => {
  const times: number[] = []
  let left = count
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const begun = performance.now()
      await give()
      times.push(performance.now() - begun)
    }
  }
  await Promise.all(Array.from({ length: Number(inFlight) }, lane))
  return median(Float64Array.from(times)) * 1_000
})
await dom0.close()
