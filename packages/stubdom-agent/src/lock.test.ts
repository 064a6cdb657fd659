import { expect, test } from 'vitest'
import { acquireLock, LockedError } from './lock.ts'

test('a lock is held by one at a time, and free again when its holder lets go', async () => {
  const name = `test-${process.pid}`
  const first = await acquireLock(name)
  await expect(acquireLock(name)).rejects.toThrow(LockedError)
  await new Promise(resolve => first.close(resolve))
  const second = await acquireLock(name)
  second.close()
})
