import type { PciAttachArgs } from '@stubdom/protocol'
import type { XenstoreClient } from '@stubdom/xenstore'
import type { Connection } from '../connection.ts'
import type { Pair } from '../domains/pair.ts'
import { PlumbingError } from '../errors.ts'
import { DeviceRecord } from './device-record.ts'
import { HostDevice } from './host-device.ts'
import { HypercallError, type Hypervisor, type Range } from './hypervisor.ts'
import { PciBackend } from './pci-backend.ts'
import { Undo } from './undo.ts'

/** What the plumbing works with. */
export interface PlumbingParts {
  readonly connection: Connection
  readonly pair: Pair
  readonly hypervisor: Hypervisor
  /** `/sys` */
  readonly sysfs: string
}

/** What was done to the host, for whoever reads the result. */
export interface PlumbingReport {
  /** The backend in which pciback shows the device to the stubdomain. */
  readonly backend: string
  readonly ranges: readonly Range[]
  readonly interrupt?: number
  /** Whether the kernel could reset the device. */
  readonly reset: boolean
  readonly notes: readonly string[]
}

/** Everything is prepared for the device model; it can be taken back. */
export interface Laid {
  readonly report: PlumbingReport
  readonly undo: Undo
}

/** Of errno(3). Xen says EOPNOTSUPP where there is no IOMMU, ENODEV where the device is not behind one or is somebody else's. */
const EOPNOTSUPP = 95

const NO_MESSAGES =
  'this kernel’s pciback does not let a stubdomain switch MSI on (Linux 5.6 does): the device can interrupt by its line only, unless it is attached with permissive=1'

/** Milliseconds that pciback may take when something is taken back after a failure, which may have been its own. */
const ROLLBACK_MS = 2_000

/**
 * What only a toolstack can do to give a PCI device to a guest whose device model runs in a stubdomain, and its undoing: pciback, hypercalls, libxl's record.
 * The order is libxl's but for one thing: the guest's permissions come before the device model hears of the device. libxl gives them afterwards, and a
 * guest that programs a BAR at once then reads zeros. Source: Xen, tools/libs/light/libxl_pci.c.
 */
export class Plumbing {
  readonly #parts: PlumbingParts
  readonly #backend: PciBackend

  constructor(parts: PlumbingParts) {
    this.#parts = parts
    this.#backend = new PciBackend(parts.connection, parts.pair.stubdomain, parts.sysfs)
  }

  /**
   * Prepares everything up to the device model's part. When a step fails, what was done before it is taken back.
   * @param waitMs how long pciback and pcifront may take
   * @throws PlumbingError, also when the signal aborts
   */
  async lay(args: PciAttachArgs, waitMs: number, signal: AbortSignal): Promise<Laid> {
    const undo = new Undo()
    let step = 'host-device'
    try {
      const report = await this.#lay(args, waitMs, signal, undo, name => {
        signal.throwIfAborted()
        step = name
      })
      return { report, undo }
    } catch (error) {
      throw await this.rolledBack(undo, step, error)
    }
  }

  async #lay(
    args: PciAttachArgs,
    waitMs: number,
    signal: AbortSignal,
    undo: Undo,
    begin: (step: string) => void,
  ): Promise<PlumbingReport> {
    const { hypervisor, pair, sysfs } = this.#parts
    const { client } = this.#parts.connection
    const { bdf } = args
    const device = new HostDevice(bdf, sysfs)
    const record = new DeviceRecord(bdf)
    if (!(await device.exists())) throw refusal('host-device', `this host has no PCI device ${bdf}`)
    const assignable = await device.isAssignable()
    if (!assignable && !args.seize) {
      throw refusal('host-device', `pciback does not have ${bdf}`, `xl pci-assignable-add ${bdf}, or seize=1`)
    }

    begin('record')
    const owner = await record.claim(client, pair.guest)
    if (owner !== undefined) {
      const remedy =
        owner === pair.guest
          ? 'pci-detach --plumb takes it back, and what an interrupted command may have left'
          : undefined
      throw refusal('record', `${bdf} is given to domain ${owner} already`, remedy)
    }
    undo.push('its record in /libxl/pci', () => record.release(this.#client))

    if (!assignable) {
      begin('seize')
      await this.#seize(device, record, undo)
    }

    begin('test-assign')
    await hypervisor.testAssign(pair.guest, bdf)

    begin('reset')
    const reset = await device.reset().catch(() => false)
    if (args.permissive) await device.permit()

    const ranges = await device.ranges()
    const interrupt = await device.interrupt()
    begin('stubdomain-permissions')
    await this.#permit(this.#grants(pair.stubdomain, ranges, interrupt), undo)
    begin('backend')
    undo.push('the PCI backend', () => this.#backend.remove(bdf, ROLLBACK_MS, new AbortController().signal))
    await this.#backend.add(bdf, backendOptions(args), waitMs, signal)
    const controlsInterrupts = args.permissive || (await device.permitInterruptControl())
    begin('guest-permissions')
    await this.#permit(this.#grants(pair.guest, ranges, interrupt), undo)
    begin('assign')
    await hypervisor.assign(pair.guest, bdf, args.rdm_policy ?? 'relaxed')
    undo.push('the assignment', () => hypervisor.deassign(pair.guest, bdf))
    const notes = [
      `libxl’s stored configuration does not know ${bdf}: when the guest reboots it comes back without it`,
      `xl pci-list shows ${bdf} for the stubdomain, not for the guest`,
    ]
    if (!controlsInterrupts) notes.push(NO_MESSAGES)
    return { backend: this.#backend.path, ranges, ...(interrupt === undefined ? {} : { interrupt }), reset, notes }
  }

  /**
   * Takes back all that was done for a device that the device model no longer has, by whomever: `lay` in another process, or xl.
   * @throws PlumbingError
   */
  async remove(bdf: string, waitMs: number): Promise<void> {
    const { hypervisor, pair, sysfs } = this.#parts
    const device = new HostDevice(bdf, sysfs)
    const record = new DeviceRecord(bdf)
    const { signal } = new AbortController()
    const ranges = await device.ranges().catch(() => [])
    const interrupt = await device.interrupt().catch(() => undefined)
    // All of it is tried: what one step leaves must not keep the others from being done.
    const steps = new Undo()
    const revoke = (domid: number): void => {
      for (const { what, set } of this.#grants(domid, ranges, interrupt)) steps.push(what, () => set(false))
    }
    steps.push('its record in /libxl/pci', () => record.release(this.#client))
    steps.push('the PCI backend', () => this.#backend.remove(bdf, waitMs, signal))
    revoke(pair.stubdomain)
    steps.push('the assignment', () => hypervisor.deassign(pair.guest, bdf))
    steps.push('the reset', () => device.reset())
    revoke(pair.guest)
    const problems = await steps.unwind()
    if (problems.length > 0) {
      throw new PlumbingError('remove', 'partly', `not everything could be taken back: ${problems.join('; ')}`, {
        remedy: 'the device model no longer has the device; give the command once more',
      })
    }
  }

  /** Whether the device counts as this guest's. */
  async isLaid(bdf: string): Promise<boolean> {
    const owner = await new DeviceRecord(bdf).owner(this.#client)
    return owner === this.#parts.pair.guest
  }

  /** To be called when the command is over: what makes hypercalls is not kept for the next one. */
  close(): Promise<void> {
    return this.#parts.hypervisor.close()
  }

  /** Takes everything back, and says how that ended. */
  async rolledBack(undo: Undo, step: string, error: unknown): Promise<PlumbingError> {
    const problems = await undo.unwind()
    const why = reasonOf(error)
    const remedy = error instanceof PlumbingError ? error.remedy : undefined
    if (problems.length === 0) return new PlumbingError(step, 'not-done', why, { cause: error, remedy })
    const message = `${why}; this could not be taken back: ${problems.join('; ')}`
    return new PlumbingError(step, 'partly', message, { cause: error, remedy })
  }

  get #client(): XenstoreClient {
    return this.#parts.connection.client
  }

  /** As xl pci-assignable-add does, so that xl pci-assignable-remove -r can give the device back to its driver later. */
  async #seize(device: HostDevice, record: DeviceRecord, undo: Undo): Promise<void> {
    const driver = await device.driver()
    if (driver) {
      await device.unbind(driver)
      undo.push('its driver', () => device.bind(driver))
      await record.rememberDriver(this.#client, driver)
      undo.push('the record of its driver', () => record.forgetDriver(this.#client))
    }
    await device.toPciback()
    undo.push('pciback', () => device.fromPciback())
    const { hypervisor } = this.#parts
    await hypervisor.quarantine(device.bdf)
    undo.push('the quarantine', () => hypervisor.unquarantine(device.bdf))
  }

  async #permit(grants: readonly Grant[], undo: Undo): Promise<void> {
    for (const { what, set } of grants) {
      await set(true)
      undo.push(what, () => set(false))
    }
  }

  /** What a domain that has the device must be able to reach. */
  #grants(domid: number, ranges: readonly Range[], interrupt: number | undefined): Grant[] {
    const { hypervisor } = this.#parts
    return [
      ...ranges.map(range => ({
        what: `access of domain ${domid} to ${words(range)}`,
        set: (allow: boolean) => hypervisor.access(domid, range, allow),
      })),
      ...(interrupt === undefined
        ? []
        : [
            {
              what: `interrupt ${interrupt} of domain ${domid}`,
              set: (allow: boolean) => hypervisor.interrupt(domid, interrupt, allow),
            },
          ]),
    ]
  }
}

/** One permission of a domain. */
interface Grant {
  readonly what: string
  readonly set: (allow: boolean) => Promise<void>
}

function backendOptions({ msitranslate = false, power_mgmt = false, permissive = false, rdm_policy }: PciAttachArgs) {
  return { msitranslate, powerManagement: power_mgmt, permissive, rdmPolicy: rdm_policy ?? ('relaxed' as const) }
}

function refusal(step: string, message: string, remedy?: string): PlumbingError {
  return new PlumbingError(step, 'not-done', message, { remedy })
}

function reasonOf(error: unknown): string {
  const { message } = error as Error
  if (!(error instanceof HypercallError)) return message
  if (error.call !== 'test_assign_device') return `the hypervisor refused: ${message}`
  const why = error.errno === EOPNOTSUPP ? 'there is no IOMMU' : 'it is not behind an IOMMU, or another guest has it'
  return `the device cannot be assigned: ${why} (${message})`
}

function words({ kind, first, count }: Range): string {
  const last = first + count - 1
  return kind === 'ports'
    ? `ports ${first.toString(16)}-${last.toString(16)}`
    : `frames ${first.toString(16)}-${last.toString(16)}`
}
