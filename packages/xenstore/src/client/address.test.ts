import { expect, test } from 'vitest'
import { isDevice, xenstoreAddress } from './address.ts'

const SOCKET = '/run/xenstored/socket'
const [DEV, PROC] = ['/dev/xen/xenbus', '/proc/xen/xenbus']

test.each<[env: NodeJS.ProcessEnv, there: string[], address: string]>([
  [{}, [SOCKET, DEV, PROC], SOCKET],
  [{}, [DEV, PROC], DEV],
  [{}, [PROC], PROC],
  [{}, [], SOCKET],
  [{ XENSTORED_RUNDIR: '/tmp/x' }, [SOCKET, DEV], '/tmp/x/socket'],
  [{ XENSTORED_RUNDIR: '/tmp/x', XENSTORED_PATH: '/tmp/y/dom7.sock' }, [SOCKET, DEV], '/tmp/y/dom7.sock'],
  [{ XENSTORED_RUNDIR: '', XENSTORED_PATH: '' }, [DEV], DEV],
])('with %j, and %j there, it is %s', (env, there, address) => {
  expect(xenstoreAddress(env, path => there.includes(path))).toBe(address)
})

test.each([
  ['/dev/null', true],
  ['/proc/xen/xenbus', true],
  ['/dev/null/socket', false],
  ['/none', false],
  [import.meta.filename, false],
])('%s is a device: %j', (path, expected) => {
  expect(isDevice(path)).toBe(expected)
})
