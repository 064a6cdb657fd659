import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { CACHE, cached, fingerprint, systemVersion } from './cache.ts'
import type { EventStream } from './event-stream.ts'
import { buildBootFiles } from './images/dom0.ts'
import { commandLine, type MachineFiles } from './machine/command-line.ts'
import { Machine } from './machine/machine.ts'

/** What the boot files are made from. */
const SOURCES = ['scripts/lib/rootfs', 'test/lab/images/dom0.ts', 'test/lab/dom0/init.sh']

/** The directory with what the machine boots. */
export async function bootFiles(): Promise<string> {
  return await cached('boot', fingerprint(SOURCES, [systemVersion()]), async () => {
    const { hypervisor, kernel, ramdisk } = await buildBootFiles()
    return { xen: hypervisor, vmlinux: kernel, 'dom0.cpio': ramdisk }
  })
}

/** Where the snapshot is that belongs to these files and this QEMU, whether it is there or not. */
function snapshotFile(files: MachineFiles): string {
  const hash = createHash('sha256')
  for (const file of [files.hypervisor, files.kernel, files.ramdisk]) hash.update(readFileSync(file))
  const names = Object.fromEntries(Object.keys(files).map(name => [name, name])) as unknown as MachineFiles
  hash.update(commandLine(names).join('\0'))
  hash.update(execFileSync('qemu-system-x86_64', ['--version']))
  return join(CACHE, `snapshot-${hash.digest('hex').slice(0, 24)}`)
}

/**
 * A machine in which dom0 waits for its payload: from the snapshot when there is one, in a few seconds, else booted, and the snapshot taken.
 * @param onMachine is given the machine before it runs, and returns its events
 */
export async function bootMachine(
  files: MachineFiles,
  { fresh, interactive }: { fresh: boolean; interactive: boolean },
  onMachine: (machine: Machine) => EventStream,
): Promise<{ machine: Machine; how: 'booted' | 'snapshot' }> {
  const snapshot = snapshotFile(files)
  if (!fresh && existsSync(snapshot)) {
    const machine = await Machine.start(files, { snapshot, interactive })
    onMachine(machine)
    return { machine, how: 'snapshot' }
  }
  const machine = await Machine.start(files, { interactive })
  await onMachine(machine).booted
  await takeSnapshot(machine, snapshot)
  return { machine, how: 'booted' }
}

async function takeSnapshot(machine: Machine, snapshot: string): Promise<void> {
  mkdirSync(CACHE, { recursive: true })
  const partial = `${snapshot}.${process.pid}`
  await machine.save(partial)
  for (const name of readdirSync(CACHE)) {
    if (name.startsWith('snapshot-') && !name.endsWith(`.${process.pid}`)) rmSync(join(CACHE, name))
  }
  renameSync(partial, snapshot)
}
