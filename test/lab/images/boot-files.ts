import { cached, fingerprint, systemVersion } from '../cache.ts'
import { buildBootFiles } from './dom0.ts'

/** What the boot files are made from. */
const SOURCES = ['scripts/lib/rootfs', 'test/lab/images/dom0.ts', 'test/lab/dom0/init.sh']

/** The directory with what the machine boots. */
export async function bootFiles(): Promise<string> {
  return await cached('boot', fingerprint(SOURCES, [systemVersion()]), async () => {
    const { hypervisor, kernel, ramdisk } = await buildBootFiles()
    return { xen: hypervisor, vmlinux: kernel, 'dom0.cpio': ramdisk }
  })
}
