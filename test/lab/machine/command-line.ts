/** Where the files of one machine lie. */
export interface MachineFiles {
  readonly hypervisor: string
  readonly kernel: string
  readonly ramdisk: string
  /** What the host hands to dom0 once it is up: a cpio archive on a disk. */
  readonly payload: string
  /** Xen's console, and dom0's: written by QEMU. */
  readonly consoleLog: string
  /** Sockets on which this side listens, but for `qmp`, on which QEMU does. */
  readonly events: string
  readonly shell: string
  readonly qmp: string
}

/**
 * Nested paging and the IOMMU are emulated, too. Without `rdrand` the kernel's random numbers come late and everything in dom0 waits for them; Xen cannot share
 * AMD's page tables with Intel's IOMMU (`no-sharept`); memory that Xen does not scrub stays out of the snapshot. Xen emulates each reading of a time stamp counter that is not invariant: this one is, since
 * it counts instructions, but QEMU says so (`invtsc`) only when it is made to. What QEMU has translated of a program serves again when the program is at the same addresses (`norandmaps`).
 */
const MACHINE: Option[] = [
  ['machine', 'q35'],
  ['accel', 'tcg,thread=single'],
  ['cpu', 'qemu64,+svm,+npt,+rdrand,+invtsc,x-force-features=on'],
  ['smp', '2'],
  ['m', '4096'],
]
const XEN_OPTIONS =
  'console=com1 com1=115200 loglvl=warning guest_loglvl=all conring_size=512k dom0_mem=1200M,max:1200M dom0_max_vcpus=1 sched=credit iommu=no-sharept bootscrub=0 spec-ctrl=no clocksource=tsc'
const DOM0_OPTIONS = 'console=hvc0 rdinit=/init quiet mitigations=off norandmaps'

/** What the lab passes through. The functions are QEMU's emulated devices; the guest knows edu's registers. */
const PASSTHROUGH_DEVICES = [
  { bdf: '0000:00:05.0', driver: 'e1000e' },
  { bdf: '0000:00:06.0', driver: 'edu' },
  { bdf: '0000:00:07.0', driver: 'pci-testdev' },
  { bdf: '0000:00:08.0', driver: 'edu' },
]

/**
 * The machine's clock counts instructions, one nanosecond each, and leaps over idle time: libxl's time limits and the tests' hold in the machine's time, and
 * however busy the host is, a test takes the same time there. A person wants the idle time, too.
 */
function clock(interactive: boolean): Option {
  return ['icount', `shift=0,sleep=${interactive ? 'on' : 'off'}`]
}

/** QEMU's arguments. A machine that is to be loaded from a snapshot must be started with the same ones as when it was saved, and `incoming`. */
export function commandLine(files: MachineFiles, { incoming = false, interactive = false } = {}): string[] {
  const options: Option[] = [
    ...MACHINE,
    clock(interactive),
    ['nodefaults'],
    ['no-user-config'],
    ['no-reboot'],
    ['display', 'none'],
    ['vga', 'std'],
    ['net', 'none'],
    ['chardev', `file,id=console,path=${files.consoleLog}`],
    ['serial', 'chardev:console'],
    ['qmp', `unix:${files.qmp},server=on,wait=off`],
    ['chardev', `socket,id=events,path=${files.events}`],
    ['chardev', `socket,id=shell,path=${files.shell}`],
    ['device', 'intel-iommu,intremap=on'],
    ...PASSTHROUGH_DEVICES.map(({ bdf, driver }): Option => ['device', `${driver},addr=${bdf.slice(8, 10)}`]),
    ['device', 'virtio-serial-pci,addr=10,max_ports=4'],
    ['device', 'virtserialport,nr=1,chardev=events,name=events'],
    ['device', 'virtconsole,nr=2,chardev=shell,name=shell'],
    ['drive', `if=none,id=payload,format=raw,read-only=on,file=${files.payload}`],
    ['device', 'virtio-blk-pci,addr=11,drive=payload'],
    ['kernel', files.hypervisor],
    ['append', XEN_OPTIONS],
    ['initrd', `${files.kernel} ${DOM0_OPTIONS},${files.ramdisk}`],
  ]
  if (incoming) options.push(['incoming', 'defer'])
  return options.flatMap(([name, value]) => (value === undefined ? [`-${name}`] : [`-${name}`, value]))
}

/** An option of QEMU's, with its value if it takes one. */
type Option = readonly [name: string, value?: string]
