/** Where everything of one QEMU lies. The paths of sockets are limited to 107 bytes. */
export interface QemuFiles {
  readonly image: string
  readonly qmp: string
  readonly testQmp: string
  readonly qtest: string
}

/**
 * The arguments of a QEMU that stands for the one in a stubdomain. `pc` has the i440fx root bus that Xen's HVM guests have; slots 0 and 1 are
 * taken, 2 to 31 are free for `device_add` with `addr`.
 */
export function qemuArguments(files: QemuFiles, paused: boolean): string[] {
  return [
    ['-machine', 'pc,suppress-vmdesc=on'],
    ...PORTABLE_STATE.map(setting => ['-global', setting]),
    ['-accel', 'tcg', '-m', '32', '-display', 'none'],
    ['-nodefaults', '-no-user-config', '-no-shutdown'],
    // A floppy, because it may be read-only (an IDE disk may not) and takes no PCI slot. From power-on to the guest's first instruction: 0.1 s.
    ['-drive', `if=floppy,format=raw,readonly=on,file=${escaped(files.image)}`],
    ['-boot', 'order=a,strict=on'],
    ['-qmp', listening(files.qmp)],
    ['-qmp', listening(files.testQmp)],
    ['-qtest', listening(files.qtest), '-qtest-log', 'none'],
    paused ? ['-S'] : [],
  ].flat()
}

/**
 * The state that `xen-save-devices-state` writes has neither configuration nor global state nor RAM, and under Xen, QEMU sets the first three for
 * itself (xen_init) so that it can load it. Without Xen it has to be told, on both sides.
 */
const PORTABLE_STATE = [
  'migration.send-configuration=off',
  'migration.store-global-state=off',
  'migration.send-section-footer=off',
  'apic-common.vapic=off',
]

function listening(path: string): string {
  return `unix:${escaped(path)},server=on,wait=off`
}

/** In QEMU's option strings a comma is written twice. */
function escaped(path: string): string {
  return path.replaceAll(',', ',,')
}
