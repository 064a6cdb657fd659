import type { Inside } from '../images/overlay.ts'
import { Guest } from './guest.ts'
import { domidOf, nodeBecomes, xenstore } from './xenstore.ts'

/** What test/lab/inside/meddler.ts can do. */
type Meddling = 'hide-sysfs' | 'show-sysfs' | 'kill-agent'

const guests = new Map<Inside, Guest>()

/** The guest in whose stubdomain a program of test/lab/inside runs, named after it; the same for all tests until one has ended it. */
export async function guestInside(inside: Inside): Promise<Guest> {
  const made = guests.get(inside)
  if (made && (await domidOf(made.name)) !== undefined) {
    await made.resume()
    return made
  }
  const guest = await Guest.create({ name: inside, inside })
  guests.set(inside, guest)
  return guest
}

/** Has the meddler do it; resolves when it is done. */
export async function meddle({ stubdomain }: Guest, what: Meddling): Promise<void> {
  const data = `/local/domain/${stubdomain}/data`
  await (await xenstore()).write(`${data}/meddle`, what)
  await nodeBecomes(`${data}/meddled`, value => value === what || undefined)
}
