import { expect, test } from 'vitest'
import { xenstoreAddress } from './address.ts'

test.each<[env: NodeJS.ProcessEnv, address: string]>([
  [{}, '/run/xenstored/socket'],
  [{ XENSTORED_RUNDIR: '/tmp/x' }, '/tmp/x/socket'],
  [{ XENSTORED_RUNDIR: '/tmp/x', XENSTORED_PATH: '/tmp/y/dom7.sock' }, '/tmp/y/dom7.sock'],
  [{ XENSTORED_RUNDIR: '', XENSTORED_PATH: '' }, '/run/xenstored/socket'],
])('%j is %s', (env, address) => {
  expect(xenstoreAddress(env)).toBe(address)
})
