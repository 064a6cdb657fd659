import { World, type WorldOptions } from '../world/world.ts'
import { type Record, removeRecord, writeRecord } from './record.ts'

/** Keeps a world up until SIGINT or SIGTERM. */
export async function keepUp(options: WorldOptions, ready: (record: Record) => void): Promise<void> {
  const stopped = new Promise<void>(resolve => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
  const world = await World.start(options)
  const record = {
    pid: process.pid,
    directory: world.directory,
    xenstore: world.dom0Socket,
    guestXenstore: world.domainSocket(world.domains.guest),
    stubdomainXenstore: world.domainSocket(world.domains.stubdomain),
    saveDirectory: world.saveDirectory,
  }
  writeRecord(record)
  ready(record)
  await stopped
  removeRecord()
  await world.stop()
}

/** What a person needs to use it from another terminal. */
export function directions(record: Record): string {
  return `The playground is up: guest hvm1 is domain 6, its stubdomain 7. In another terminal:

  export XENSTORED_PATH=${record.xenstore}
  export STUBDOM_SAVE_DIR=${record.saveDirectory}

  npx stubdomctl list
  npx stubdomctl pci-attach hvm1 03:00.0@07
  npx stubdomctl ls hvm1
  xenstore-ls -f /local/domain/7/dm-control
  XENSTORED_PATH=${record.guestXenstore} xenstore-ls /local/domain/7/dm-control    # as the guest: refused
  XENSTORED_PATH=${record.stubdomainXenstore} xenstore-write /local/domain/7/dm-control/dom0/x 1    # as the stubdomain: refused
`
}
