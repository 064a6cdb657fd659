import { Guest } from './guest.ts'
import { guestInside } from './guest-inside.ts'
import { nextName, share } from './shared-guest.ts'

/** As many as tests end, of one machine's, beside those that come back or are made anew. */
const SHARED = 3

/** The guests that tests begin with, so that a snapshot can spare them their creation. Each is made when it is needed where there is no such snapshot. */
export async function prepareGuests(): Promise<void> {
  for (let number = 0; number < SHARED; number++) share(await Guest.create({ name: nextName() }))
  await guestInside('hostile')
  await guestInside('meddler')
}
