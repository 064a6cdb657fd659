import { join } from 'node:path'
import { cached, fingerprint, systemVersion } from '../cache.ts'
import { buildBootFiles } from './dom0.ts'

/** What the boot files are made from. */
const SOURCES = ['scripts/lib/rootfs', 'test/lab/images/dom0.ts', 'test/lab/dom0/init.sh']

/** What the machine boots: files. */
export interface BootFiles {
  readonly hypervisor: string
  readonly kernel: string
  readonly ramdisk: string
}

export async function bootFiles(): Promise<BootFiles> {
  const directory = await cached('boot', fingerprint(SOURCES, [systemVersion()]), async () => {
    const { hypervisor, kernel, ramdisk } = await buildBootFiles()
    return { xen: hypervisor, vmlinux: kernel, 'dom0.cpio': ramdisk }
  })
  const file = (name: string) => join(directory, name)
  return { hypervisor: file('xen'), kernel: file('vmlinux'), ramdisk: file('dom0.cpio') }
}
