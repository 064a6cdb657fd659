import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { compileStubdomInit, compileVchanServer } from '../compile.mjs'
import { root } from '../root.mjs'
import { addBusybox } from './busybox.mjs'
import { toCpio } from './cpio.mjs'
import { kernelPackage, unpackPackages } from './debian-packages.mjs'
import { Kernel } from './kernel.mjs'
import { toSquashfs } from './squashfs.mjs'
import { stripped } from './stripped.mjs'
import { Sysroot } from './sysroot.mjs'
import { Tree } from './tree.mjs'

/** What QEMU and its image come from. */
export const STUBDOM_PACKAGES = [
  'busybox-static',
  'ipxe-qemu',
  'libxenmisc4.17',
  'libstdc++6',
  'qemu-system-data',
  'qemu-system-xen',
  'seabios',
  'squashfs-tools',
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

export const MOUNT_POINTS = ['dev', 'proc', 'run', 'sys', 'tmp']

const AGENT = 'packages/stubdom-agent/dist/stubdom-agent.mjs'
const INIT = join(root, 'packages/stubdom-agent/init')

/** What the kernel needs to mount the root. */
const ROOT_MODULES = ['loop', 'squashfs']

/**
 * The stubdomain's image, an initramfs that holds a compressed root; the root it holds; and the kernel that goes with its modules.
 * @param {string[]} agentArguments of `stubdom-agent boot`
 * @returns {Promise<{ image: Buffer, root: Tree, kernel: Kernel }>}
 */
export async function stubdomImage(agentArguments = []) {
  const kernelName = await kernelPackage()
  const sysroot = new Sysroot(await unpackPackages([...STUBDOM_PACKAGES, kernelName]))
  const kernel = new Kernel(sysroot.packageDirectory(kernelName))
  const tree = await stubdomRoot(sysroot, kernel, agentArguments)
  return { image: initramfsWith(tree, sysroot, kernel), root: tree, kernel }
}

/** An initramfs that mounts `rootTree`, which it holds as a compressed image. @returns {Buffer} */
export function initramfsWith(rootTree, sysroot, kernel) {
  const tree = new Tree()
  for (const path of ['dev', 'root']) tree.directory(path)
  tree.file('bin/busybox', sysroot.read('bin/busybox'), { mode: 0o755 })
  for (const applet of ['mount', 'umount', 'insmod', 'switch_root']) tree.link(`bin/${applet}`, 'busybox')
  const modules = kernel.modules(ROOT_MODULES)
  for (const { name, data } of modules) tree.file(`modules/${name}.ko`, data)
  tree.file('modules/order', modules.map(({ name }) => `${name}\n`).join(''))
  tree.file('root.squashfs', toSquashfs(rootTree, sysroot))
  tree.file('init', readFileSync(new URL('initramfs-init.sh', import.meta.url)), { mode: 0o755 })
  return toCpio(tree)
}

async function stubdomRoot(sysroot, kernel, agentArguments) {
  const tree = new Tree()

  for (const path of MOUNT_POINTS) tree.directory(path)
  tree.link('var/run', '/run')
  addBusybox(tree, sysroot)
  addModules(tree, kernel)
  sysroot.addProgram(tree, 'usr/libexec/xen-qemu-system-i386', { component: 'qemu' })
  await addVchanServer(tree, sysroot)
  addFirmware(tree, sysroot)
  const node = stripped(process.execPath)
  tree.file('usr/bin/node', node, { mode: 0o755, component: 'node' })
  sysroot.addLibraries(tree, node)
  tree.file('usr/lib/stubdom-agent.mjs', readFileSync(join(root, AGENT)), { component: 'agent' })
  await addInit(tree, agentArguments)
  return tree
}

/** It is linked with this machine's libxenvchan, and runs with the root's own. @param {Tree} tree @param {Sysroot} sysroot */
async function addVchanServer(tree, sysroot) {
  const bytes = readFileSync(await compileVchanServer())
  tree.file('usr/bin/stubdom-vchan', bytes, { mode: 0o755, component: 'stubdom-vchan' })
  sysroot.addLibraries(tree, bytes)
}

/** @param {Tree} tree @param {Sysroot} sysroot */
export function addFirmware(tree, sysroot) {
  for (const path of FIRMWARE) tree.file(path, sysroot.read(path), { component: 'qemu firmware' })
}

/** Those that the list names, which are loaded in its order; so it must name what they depend on, and before them. */
function addModules(tree, kernel) {
  const list = readFileSync(join(INIT, 'modules'), 'utf8')
  tree.file('etc/modules', list, { component: 'init' })
  const named = list
    .split('\n')
    .map(line => line.trim().split(/\s+/)[0])
    .filter(name => name && !name.startsWith('#'))
  for (const [index, { name, data }] of kernel.modules(named).entries()) {
    if (name !== named[index]) throw new Error(`etc/modules names no ${name} before a module that depends on it`)
    tree.file(`lib/modules/${name}.ko`, data, { component: 'kernel modules' })
  }
}

async function addInit(tree, agentArguments) {
  for (const path of ['init', 'etc/qemu-ifup', 'etc/qemu-ifdown']) {
    tree.file(path, readFileSync(join(INIT, basename(path))), { mode: 0o755, component: 'init' })
  }
  tree.file('etc/stubdom-agent', agentArguments.map(argument => `${argument}\n`).join(''), { component: 'init' })
  tree.file('usr/bin/stubdom-init', readFileSync(await compileStubdomInit()), { mode: 0o755, component: 'init' })
}
