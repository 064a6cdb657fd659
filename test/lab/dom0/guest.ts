import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Inside } from '../images/overlay.ts'
import { run, succeed } from './shell.ts'
import { domidOf, nodeBecomes, readNode, xenstore } from './xenstore.ts'

export interface GuestOptions {
  readonly name: string
  /** Further lines of xl.cfg. */
  readonly config?: readonly string[] | undefined
  /** Has a program of test/lab/inside run the agent in the stubdomain. */
  readonly inside?: Inside | undefined
  /** What the stubdomain has in all, in MB; what docs/image.md says. */
  readonly stubdomainMemory?: number | undefined
}

export const STUBDOMAIN_MEMORY = 256
const CREATE_TIMEOUT_MS = 90_000

let commands = 0

/** The lab's own guest (test/lab/guest), with our image as its stubdomain. */
export class Guest {
  readonly name: string
  readonly domid: number
  readonly stubdomain: number
  #isPaused = false

  private constructor(name: string, domid: number, stubdomain: number) {
    this.name = name
    this.domid = domid
    this.stubdomain = stubdomain
  }

  /** What `xl create` is given. */
  static writeConfig({ name, config = [], inside, stubdomainMemory = STUBDOMAIN_MEMORY }: GuestOptions): string {
    const file = `/tmp/${name}.cfg`
    const ramdisk = inside ? [`stubdomain_ramdisk="${ramdiskWith(inside)}"`] : []
    writeFileSync(
      file,
      `${[`name="${name}"`, `stubdomain_memory=${stubdomainMemory}`, ...CONFIG, ...config, ...ramdisk].join('\n')}\n`,
    )
    return file
  }

  static async create(options: GuestOptions): Promise<Guest> {
    await succeed('xl', ['create', Guest.writeConfig(options)], { timeoutMs: CREATE_TIMEOUT_MS })
    const guest = await Guest.find(options.name)
    await guest.up()
    return guest
  }

  /** A guest that runs. */
  static async find(name: string): Promise<Guest> {
    const domid = await domidOf(name)
    if (domid === undefined) throw new Error(`there is no guest ${name}`)
    const stubdomain = Number(await readNode(`/local/domain/${domid}/image/device-model-domid`))
    if (!(stubdomain > 0)) throw new Error(`${name} has no stubdomain`)
    return new Guest(name, domid, stubdomain)
  }

  /** Resolves when the guest has looked at its PCI bus. */
  async up(): Promise<void> {
    await nodeBecomes(this.#node('pci'), value => value || undefined)
  }

  /** Tells the guest something; resolves with its answer, without "ok". @throws when it says "failed" or nothing. */
  async tell(command: string): Promise<string> {
    const { ok, text } = await this.ask(command)
    if (!ok) throw new Error(`${this.name} failed to ${command}: ${text}`)
    return text
  }

  /** Like {@link tell}, for an answer that may be an error's name. */
  async ask(command: string): Promise<{ ok: boolean; text: string }> {
    const number = ++commands
    await this.order(`${number} ${command}`)
    const answer = await nodeBecomes(this.#node('answer'), value =>
      value?.startsWith(`${number} `) ? value : undefined,
    )
    const [, verdict = '', text = ''] = /^\d+ (ok|failed) ?(.*)$/s.exec(answer) ?? []
    return { ok: verdict === 'ok', text }
  }

  /** Something after which the guest does not answer any more. */
  async tellLast(command: 'reboot' | 'crash' | 'poweroff'): Promise<void> {
    await this.order(`${++commands} ${command}`)
  }

  private async order(text: string): Promise<void> {
    await (await xenstore()).write(this.#node('command'), text)
  }

  /** Identities of the devices it sees, by slot: "11e81234" is edu (device, vendor). */
  async devices(): Promise<Map<number, string>> {
    return parseDevices((await readNode(this.#node('pci'))) ?? '')
  }

  /** Resolves with the slot in which the device has appeared. */
  async sees(identity: string, timeoutMs?: number): Promise<number> {
    return await nodeBecomes(
      this.#node('pci'),
      value => [...parseDevices(value ?? '')].find(([, found]) => found === identity)?.[0],
      timeoutMs,
    )
  }

  /** Resolves when no device of this identity is there any more. */
  async lacks(identity: string, timeoutMs?: number): Promise<void> {
    const gone = (value = '') => ![...parseDevices(value).values()].includes(identity)
    await nodeBecomes(this.#node('pci'), value => gone(value) || undefined, timeoutMs)
  }

  /** Resolves when the guest knows that the host wants a device back, and refuses. */
  async refusesNow(timeoutMs?: number): Promise<void> {
    await nodeBecomes(this.#node('wanted'), value => (value ? true : undefined), timeoutMs)
  }

  /** The first two registers of a device: what it says, and what became of 0x12345678. */
  async registers(slot: number): Promise<string> {
    return await this.tell(`registers ${slot.toString(16)}`)
  }

  /** From now on the guest reads the registers of a device the moment that it appears; `told` gives slot and registers. */
  async probe(): Promise<{ told(): Promise<string | undefined>; stop(): Promise<void> }> {
    await (await xenstore()).write(this.#node('probe'), '')
    await this.tell('probe on')
    return {
      told: () => readNode(this.#node('probe')),
      stop: async () => {
        await this.tell('probe off')
      },
    }
  }

  /** Until {@link resume} neither it nor its stubdomain takes any of the processor. */
  async pause(): Promise<void> {
    this.#isPaused = true
    for (const domain of [this.name, `${this.name}-dm`]) await succeed('xl', ['pause', domain])
  }

  async resume(): Promise<void> {
    if (!this.#isPaused) return
    this.#isPaused = false
    for (const domain of [`${this.name}-dm`, this.name]) await succeed('xl', ['unpause', domain])
  }

  async destroy(): Promise<void> {
    await run('xl', ['destroy', this.name])
  }

  #node(name: string): string {
    return `/local/domain/${this.domid}/data/${name}`
  }
}

function ramdiskWith(inside: Inside): string {
  const file = `/boot/${inside}.cpio`
  const parts = ['/boot/stubdom.cpio', `/lab/${inside}.cpio`]
  if (!existsSync(file)) writeFileSync(file, Buffer.concat(parts.map(part => readFileSync(part))))
  return file
}

function parseDevices(value: string): Map<number, string> {
  const words = value.split(' ').filter(word => word !== '')
  return new Map(words.map(word => [Number.parseInt(word.split(':')[0] ?? '', 16), word.split(':')[1] ?? '']))
}

const CONFIG = [
  'type="hvm"',
  'memory=64',
  'maxmem=64',
  'vcpus=1',
  'firmware_override="/lab/guest.elf"',
  'device_model_version="qemu-xen"',
  'device_model_stubdomain_override=1',
  'stubdomain_kernel="/boot/vmlinux"',
  'stubdomain_ramdisk="/boot/stubdom.cpio"',
  // The kernel's tests of its ciphers, and of its own page tables when they are made read-only, would be a fifth of what creating a guest takes an emulated processor; and a tenth that it
  // calibrates its time stamp counter by the PIT, whose 100,009 readings Xen emulates for nothing: Xen tells it the frequency.
  'stubdomain_cmdline="console=hvc0 rdinit=/init quiet cryptomgr.notests rodata=off pci=noearly clearcpuid=tsc"',
  'vga="stdvga"',
  'videoram=16',
  'vnc=0',
  'sdl=0',
  'spice=0',
  'usb=0',
  'boot="c"',
  'serial="null"',
  'on_poweroff="destroy"',
  'on_reboot="restart"',
  'on_crash="destroy"',
  'passthrough="sync_pt"',
]
