import { appendFile, mkdir, readFile, rm, rmdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { XenstoreClient } from '@stubdom/xenstore'
import { FakeHelper } from './fake-helper.ts'
import { STUBDOMAIN, type World } from './world.ts'

/** Where pciback shows devices to the stubdomain. */
export const BACKEND = `/local/domain/0/backend/pci/${STUBDOMAIN}/0`

/**
 * What of a host a hot-plug touches and a test machine does not have: sysfs' files, the hypercalls (a program that writes down what it was asked), and
 * pciback's side of the backend.
 */
export class PlumbedHost {
  readonly sysfs: string
  readonly helper: FakeHelper
  /** Whether pciback and the domain's pcifront come together. */
  connects = true
  readonly #world: World

  static async start(world: World): Promise<PlumbedHost> {
    const host = new PlumbedHost(world, await FakeHelper.make(world.dir))
    await mkdir(host.#pciback, { recursive: true })
    for (const name of ['new_slot', 'remove_slot', 'bind', 'unbind', 'permissive', 'allow_interrupt_control'])
      await writeFile(join(host.#pciback, name), '')
    host.#bePciback(world.dom0)
    return host
  }

  private constructor(world: World, helper: FakeHelper) {
    this.#world = world
    this.helper = helper
    this.sysfs = join(world.dir, 'sys')
  }

  get #pciback(): string {
    return join(this.sysfs, 'bus/pci/drivers/pciback')
  }

  /** From now on pciback is that of a Linux before 5.6. */
  async forgetInterruptControl(): Promise<void> {
    await rm(join(this.#pciback, 'allow_interrupt_control'))
  }

  /** A device with two BARs and an interrupt, and a driver that has it: pciback, if it is assignable. */
  async addDevice(bdf: string, driver: string): Promise<void> {
    const path = join(this.sysfs, 'bus/pci/devices', bdf)
    const driverPath = join(this.sysfs, 'bus/pci/drivers', driver)
    await mkdir(path, { recursive: true })
    await mkdir(driverPath, { recursive: true })
    for (const name of ['bind', 'unbind']) await appendFile(join(driverPath, name), '')
    const resource = [
      '0x00000000fea00000 0x00000000fea00fff 0x0000000000040200',
      '0xc000 0xc01f 0x40101',
      '0x0 0x0 0x0',
    ]
    await writeFile(join(path, 'resource'), `${resource.join('\n')}\n`)
    await writeFile(join(path, 'irq'), '17\n')
    await writeFile(join(path, 'reset'), '')
    await symlink(`../../drivers/${driver}`, join(path, 'driver'))
    await symlink(`../../devices/${bdf}`, join(driverPath, bdf))
  }

  /** dom0's kernel still has the backend, whatever stands in Xenstore. @returns lets it go */
  async lingeringBackend(): Promise<() => Promise<void>> {
    const device = join(this.sysfs, `bus/xen-backend/devices/pci-${STUBDOMAIN}-0`)
    await mkdir(device, { recursive: true })
    return () => rmdir(device)
  }

  /** What is written to a file of pciback's, or of another driver's. */
  async written(file: string, driver = 'pciback'): Promise<string> {
    return readFile(join(this.sysfs, 'bus/pci/drivers', driver, file), 'utf8')
  }

  /** The nodes of the backend and their values; none when there is no backend. */
  async backend(): Promise<Record<string, string>> {
    const names = await this.#world.dom0.list(BACKEND).catch(() => [])
    const values = names.map(async name => [name, await this.#world.dom0.readText(`${BACKEND}/${name}`)])
    return Object.fromEntries(await Promise.all(values))
  }

  /** Connects whenever something is to be connected, as pciback and a pcifront do together. */
  #bePciback(dom0: XenstoreClient): void {
    const state = `${BACKEND}/state`
    const subscription = dom0.watch(state).subscribe(() => {
      void dom0
        .readIfExists(state)
        .then(value => (this.connects && ['1', '7'].includes(`${value}`) ? dom0.write(state, '4') : undefined))
        // The world may have been stopped.
        .catch(() => undefined)
    })
    this.#world.whenStopped(async () => subscription.unsubscribe())
  }
}
