import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { XenstoreClient } from '@stubdom/xenstore'
import { concatMap, distinctUntilChanged } from 'rxjs'
import { startAgent } from './agent.ts'

/**
 * What runs in a stubdomain in which a test has its hand: the real agent, and beside it this, which does what data/meddle says and then says the same in data/meddled.
 *
 *     hide-sysfs   no PCI device is seen in sysfs, whichever come
 *     show-sysfs   those that are there are seen again
 *     kill-agent
 */
const DEVICES = '/sys/bus/pci/devices'
const NOTHING = '/run/nothing'

const agent = startAgent()
mkdirSync(NOTHING)
const meddling: Record<string, () => void> = {
  'hide-sysfs': () => execFileSync('/bin/mount', ['-o', 'bind', NOTHING, DEVICES]),
  'show-sysfs': () => execFileSync('/bin/umount', [DEVICES]),
  'kill-agent': () => agent.kill('SIGKILL'),
}

const xs = await XenstoreClient.connect({ path: '/dev/xen/xenbus' })
// The directory stands from the start; what is in it changes.
const told = xs.watch('data').pipe(
  concatMap(async () => (await xs.readIfExists('data/meddle'))?.toString()),
  distinctUntilChanged(),
)
await told.forEach(async what => {
  if (what === undefined) return
  const say = () => xs.write('data/meddled', what)
  // This program ends with the agent: it could not say so afterwards.
  if (what === 'kill-agent') await say()
  meddling[what]?.()
  await say()
})
