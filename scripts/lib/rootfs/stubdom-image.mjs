import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../root.mjs'
import { addBusybox } from './busybox.mjs'
import { kernelPackage, unpackPackages } from './debian-packages.mjs'
import { Kernel } from './kernel.mjs'
import { stripped } from './stripped.mjs'
import { Sysroot } from './sysroot.mjs'
import { Tree } from './tree.mjs'

const PACKAGES = [
  'busybox-static',
  'ipxe-qemu',
  'libstdc++6',
  'qemu-system-data',
  'qemu-system-xen',
  'seabios',
  'xen-utils-4.17',
]

/** What the kernel has as modules and a stubdomain cannot do without. */
const MODULES = [
  'xen-privcmd',
  'xen-evtchn',
  'xenfs',
  'xen-gntdev',
  'xen-gntalloc',
  'xen-pcifront',
  'xen-blkfront',
  'xen-netfront',
]

/** What QEMU opens for the devices that libxl gives a guest: video BIOSes, network boot ROMs, the interrupt helper. */
const FIRMWARE = [
  'usr/share/seabios/vgabios-stdvga.bin',
  'usr/share/seabios/vgabios-cirrus.bin',
  'usr/share/qemu/kvmvapic.bin',
  'usr/lib/ipxe/qemu/efi-e1000.rom',
  'usr/lib/ipxe/qemu/efi-rtl8139.rom',
  'usr/share/qemu/keymaps/en-us',
]

const MOUNT_POINTS = ['dev', 'etc', 'proc', 'run', 'sys', 'tmp', 'var/run']

/**
 * The stubdomain's root file system, and the kernel that goes with its modules.
 * @returns {Promise<{ tree: Tree, kernel: Kernel }>}
 */
export async function stubdomImage() {
  const kernelName = await kernelPackage()
  const sysroot = new Sysroot(await unpackPackages([...PACKAGES, kernelName]))
  const kernel = new Kernel(sysroot.packageDirectory(kernelName))
  const tree = new Tree()

  for (const path of MOUNT_POINTS) tree.directory(path)
  addBusybox(tree, sysroot)
  for (const { name, data } of kernel.modules(MODULES))
    tree.file(`lib/modules/${name}.ko`, data, { component: 'kernel modules' })
  sysroot.addProgram(tree, 'usr/libexec/xen-qemu-system-i386', { component: 'qemu' })
  sysroot.addProgram(tree, 'usr/lib/xen-4.17/bin/vchan-socket-proxy', {
    component: 'vchan-socket-proxy',
    to: 'usr/bin/vchan-socket-proxy',
  })
  for (const path of FIRMWARE) tree.file(path, sysroot.read(path), { component: 'qemu firmware' })
  const node = stripped(process.execPath)
  tree.file('usr/bin/node', node, { mode: 0o755, component: 'node' })
  sysroot.addLibraries(tree, node)
  const agent = readFileSync(join(root, 'packages/stubdom-agent/dist/stubdom-agent.mjs'))
  tree.file('usr/lib/stubdom-agent.mjs', agent, { component: 'agent' })
  tree.file('init', readFileSync(join(root, 'packages/stubdom-agent/init/init')), { mode: 0o755, component: 'init' })
  return { tree, kernel }
}
