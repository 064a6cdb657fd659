import { Guest } from './guest.ts'
import { E1000E, EDU, SECOND_EDU, TESTDEV } from './pci.ts'
import { run } from './shell.ts'

/** The guest of all tests that leave it as it was. */
const NAME = 'hvm1'

/** Creating a guest takes ten seconds here, so that tests share one; a test that is to end it creates its own, or ends this one: the next test gets a new one. */
export async function sharedGuest(): Promise<Guest> {
  const { code } = await run('xl', ['domid', NAME])
  return code === 0 ? await Guest.find(NAME) : await Guest.create({ name: NAME })
}

/** For tests that need the memory, or the devices, themselves. */
export async function endSharedGuest(): Promise<void> {
  const { code } = await run('xl', ['domid', NAME])
  if (code === 0) await run('xl', ['destroy', NAME])
}

/** After a test that failed: what it left, devices that are still assigned included, must not fail the next ones. */
export async function endAllGuests(): Promise<void> {
  const { stdout } = await run('xl', ['list'])
  const names = stdout.split('\n').flatMap(line => /^(\S+)\s+\d+\s/.exec(line)?.[1] ?? [])
  for (const name of names) {
    if (name !== 'Domain-0' && !name.endsWith('-dm')) await run('xl', ['destroy', name])
  }
  for (const { bdf } of [EDU, SECOND_EDU, TESTDEV, E1000E]) await run('xl', ['pci-assignable-remove', bdf])
}
