import { Guest } from './guest.ts'
import { run } from './shell.ts'
import { nodeBecomes, xenstore } from './xenstore.ts'

/** What test/lab/inside/meddler.ts can do. */
type Meddling = 'hide-sysfs' | 'show-sysfs' | 'kill-agent'

let made: Guest | undefined

/** A guest in whose stubdomain tests have a hand; the same for all of them until one has ended it. */
export async function meddledGuest(): Promise<Guest> {
  if (made && (await run('xl', ['domid', made.name])).code !== 0) made = undefined
  made ??= await Guest.create({ name: 'meddled', inside: 'meddler' })
  return made
}

/** Has it done; resolves when it is. */
export async function meddle({ stubdomain }: Guest, what: Meddling): Promise<void> {
  const data = `/local/domain/${stubdomain}/data`
  await (await xenstore()).write(`${data}/meddle`, what)
  await nodeBecomes(`${data}/meddled`, value => value === what || undefined)
}

export async function endMeddledGuest(): Promise<void> {
  await made?.destroy()
  made = undefined
}
