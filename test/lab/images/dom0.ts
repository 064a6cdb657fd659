import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { addBusybox } from '../../../scripts/lib/rootfs/busybox.mjs'
import { toCpio } from '../../../scripts/lib/rootfs/cpio.mjs'
import { kernelPackage, unpackPackages } from '../../../scripts/lib/rootfs/debian-packages.mjs'
import { Kernel } from '../../../scripts/lib/rootfs/kernel.mjs'
import { stripped } from '../../../scripts/lib/rootfs/stripped.mjs'
import { Sysroot } from '../../../scripts/lib/rootfs/sysroot.mjs'
import { Tree } from '../../../scripts/lib/rootfs/tree.mjs'

const PACKAGES = [
  'busybox-static',
  'libstdc++6',
  'qemu-system-data',
  'qemu-system-xen',
  'seabios',
  'xen-hypervisor-4.17-amd64',
  'xen-utils-4.17',
  'xen-utils-common',
  'xenstore-utils',
]

const MODULES =
  'xen-privcmd xen-evtchn xenfs xen-gntdev xen-gntalloc xen-pciback xen-blkback loop virtio_pci virtio_blk virtio_console'.split(
    ' ',
  )

const XEN_BIN = 'usr/lib/xen-4.17/bin'
const XEN_PROGRAMS = [
  'xl',
  'xenstored',
  'xenconsoled',
  'xenconsole',
  'xen-init-dom0',
  'xenstore-control',
  'libxl-save-helper',
  'vchan-socket-proxy',
]
const XENSTORE_PROGRAMS = ['ls', 'read', 'write', 'list', 'watch', 'rm', 'chmod', 'exists']

/** What libxl and dom0's QEMU, the backend of consoles above 0, open by fixed names. */
const DATA = [
  'etc/xen/xl.conf',
  'usr/share/qemu/keymaps/en-us',
  'usr/share/seabios/bios-256k.bin',
  'usr/share/seabios/vgabios-stdvga.bin',
]

const DIRECTORIES = ['dev', 'proc', 'run', 'sys', 'tmp', 'root', 'var/lib/xen', 'var/log/xen']

/** What the machine boots: all of it Debian's, but for init. Nothing of the project is in it, so that a snapshot outlives changes of the project. */
export interface BootFiles {
  readonly hypervisor: Buffer
  readonly kernel: Buffer
  readonly ramdisk: Buffer
}

export async function buildBootFiles(): Promise<BootFiles> {
  const kernelName = await kernelPackage()
  const sysroot = new Sysroot(await unpackPackages([...PACKAGES, kernelName]))
  const kernel = new Kernel(sysroot.packageDirectory(kernelName))
  const vmlinux = kernel.vmlinux()
  const tree = new Tree()

  for (const path of DIRECTORIES) tree.directory(path)
  tree.link('var/run', '/run')
  addBusybox(tree, sysroot)
  const modules = kernel.modules(MODULES)
  for (const { name, data } of modules) tree.file(`lib/modules/${name}.ko`, data)
  tree.file('lib/modules/order', `${modules.map(({ name }) => name).join('\n')}\n`)
  tree.link('usr/bin/env', '/bin/busybox')
  for (const program of XEN_PROGRAMS) sysroot.addProgram(tree, `${XEN_BIN}/${program}`, { component: 'xen' })
  // libxl wants it there; Debian has it elsewhere.
  tree.link('usr/bin/vchan-socket-proxy', `/${XEN_BIN}/vchan-socket-proxy`)
  for (const program of XENSTORE_PROGRAMS) sysroot.addProgram(tree, `usr/bin/xenstore-${program}`, { component: 'xen' })
  sysroot.addProgram(tree, 'usr/libexec/xen-qemu-system-i386', { component: 'qemu' })
  for (const path of DATA) tree.file(path, sysroot.read(path))
  addScripts(tree, sysroot)
  const node = stripped(process.execPath)
  tree.file('usr/bin/node', node, { mode: 0o755 })
  sysroot.addLibraries(tree, node)
  tree.file('boot/vmlinux', vmlinux)
  tree.file('init', readFileSync(join(import.meta.dirname, '../dom0/init.sh')), { mode: 0o755 })

  const hypervisor = gunzipSync(sysroot.read('boot/xen-4.17-amd64.gz'))
  return { hypervisor, kernel: vmlinux, ramdisk: toCpio(tree) }
}

/** Xen's hotplug scripts: libxl looks for them by name even for devices that need none. */
function addScripts(tree: Tree, sysroot: Sysroot): void {
  const directory = join(sysroot.packageDirectory('xen-utils-common'), 'etc/xen/scripts')
  for (const name of readdirSync(directory)) {
    tree.file(`etc/xen/scripts/${name}`, readFileSync(join(directory, name)), { mode: 0o755 })
  }
}
