import { Guest } from './guest.ts'
import { guestInside } from './guest-inside.ts'
import { nextName, share } from './shared-guest.ts'

/** As many as tests end, of one machine's, beside those that come back or are made anew. */
const SHARED = 3

/**
 * The guests that tests begin with, so that a snapshot can spare them their creation. Each is made when it is needed where there is no such snapshot. They are paused, for five that run
 * make all that is done beside them dearer.
 */
export async function prepareGuests(): Promise<void> {
  for (let number = 0; number < SHARED; number++) await share(await Guest.create({ name: nextName() })).pause()
  for (const inside of ['hostile', 'meddler'] as const) await (await guestInside(inside)).pause()
}
