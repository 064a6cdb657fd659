import { Guest } from './guest.ts'
import { E1000E, EDU, SECOND_EDU, TESTDEV } from './pci.ts'
import { run } from './shell.ts'
import { domidOf, xenstore } from './xenstore.ts'

/** Creating a guest is most of what a run takes, so that tests share them: whoever leaves one as it was leaves it here, whether it made it or not. */
const guests: Guest[] = []
let created = 0

/** A guest that runs, as any test leaves it that does not end it; the others of its kind are not these. */
export async function sharedGuest(...others: Guest[]): Promise<Guest> {
  for (const guest of guests.slice()) {
    if (!(await isThere(guest))) drop(guest)
    else if (!others.includes(guest)) {
      await guest.resume()
      return guest
    }
  }
  return share(await Guest.create({ name: nextName() }))
}

/** A name that no guest has had yet. */
export function nextName(): string {
  return `hvm${++created}`
}

/** A guest that a test has made, for the next ones to use. */
export function share(guest: Guest): Guest {
  guests.push(guest)
  return guest
}

/** A guest that no other test shall get: nothing is left of it. */
export async function end(guest: Guest): Promise<void> {
  drop(guest)
  if ((await domidOf(guest.name)) !== undefined) await run('xl', ['destroy', guest.name])
}

function drop(guest: Guest): void {
  const at = guests.indexOf(guest)
  if (at >= 0) guests.splice(at, 1)
}

async function isThere({ domid, stubdomain }: Guest): Promise<boolean> {
  const xs = await xenstore()
  return (await xs.exists(`/local/domain/${domid}`)) && (await xs.exists(`/local/domain/${stubdomain}`))
}

/** After a test that failed: what it left, devices that are still assigned included, must not fail the next ones. */
export async function endAllGuests(): Promise<void> {
  guests.length = 0
  const { stdout } = await run('xl', ['list'])
  const names = stdout.split('\n').flatMap(line => /^(\S+)\s+\d+\s/.exec(line)?.[1] ?? [])
  for (const name of names) {
    if (name !== 'Domain-0' && !name.endsWith('-dm')) await run('xl', ['destroy', name])
  }
  for (const { bdf } of [EDU, SECOND_EDU, TESTDEV, E1000E]) await run('xl', ['pci-assignable-remove', bdf])
}
