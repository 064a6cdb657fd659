import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { addBusybox } from '../../../scripts/lib/rootfs/busybox.mjs'
import { kernelPackage, unpackPackages } from '../../../scripts/lib/rootfs/debian-packages.mjs'
import { Kernel } from '../../../scripts/lib/rootfs/kernel.mjs'
import {
  addFirmware,
  initramfsWith,
  MOUNT_POINTS,
  STUBDOM_PACKAGES,
} from '../../../scripts/lib/rootfs/stubdom-image.mjs'
import { Sysroot } from '../../../scripts/lib/rootfs/sysroot.mjs'
import { Tree } from '../../../scripts/lib/rootfs/tree.mjs'

const MODULES = [
  'xen-privcmd',
  'xen-evtchn',
  'xenfs',
  'xen-gntdev',
  'xen-gntalloc',
  'xen-blkfront',
  'xen-netfront',
  'xen-pcifront',
]
const XENSTORE_PROGRAMS = ['xenstore-read', 'xenstore-list', 'xenstore-write', 'xenstore-watch']

/**
 * What the benchmark compares with: a stubdomain as Xen's docs/misc/stubdom.txt describes it, whose only control is QMP over vchan. The same kernel, QEMU and packing as ours, with a shell
 * script in place of Node and the agent.
 */
export async function buildStockImage(): Promise<Buffer> {
  const kernelName = await kernelPackage()
  const sysroot = new Sysroot(
    await unpackPackages([...STUBDOM_PACKAGES, 'xen-utils-4.17', 'xenstore-utils', kernelName]),
  )
  const kernel = new Kernel(sysroot.packageDirectory(kernelName))
  const tree = new Tree()
  for (const path of MOUNT_POINTS) tree.directory(path)
  tree.link('var/run', '/run')
  addBusybox(tree, sysroot)
  for (const { name, data } of kernel.modules(MODULES)) tree.file(`lib/modules/${name}.ko`, data)
  sysroot.addProgram(tree, 'usr/libexec/xen-qemu-system-i386', { component: 'qemu' })
  sysroot.addProgram(tree, 'usr/lib/xen-4.17/bin/vchan-socket-proxy', { component: 'vchan-socket-proxy' })
  for (const program of XENSTORE_PROGRAMS) sysroot.addProgram(tree, `usr/bin/${program}`, { component: 'xenstore' })
  addFirmware(tree, sysroot)
  tree.file('init', readFileSync(join(import.meta.dirname, '../stock/init.sh')), { mode: 0o755 })
  return initramfsWith(tree, sysroot, kernel)
}
