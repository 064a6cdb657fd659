import { Guest } from './guest.ts'
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
