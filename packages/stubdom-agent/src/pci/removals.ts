import type { QmpEvent } from '@stubdom/qmp'

/** How the wish to remove a device ended: by the guest's answer, or with QEMU. */
export type RemovalEnd = 'deleted' | 'refused' | 'qemu-gone'

/**
 * Devices whose removal QEMU was asked for and that the guest has not given up yet. It outlives the commands that asked: a later detach joins.
 */
export class Removals {
  readonly #waiting = new Map<string, Set<(end: RemovalEnd) => void>>()

  /** qdev ids. */
  get pending(): string[] {
    return [...this.#waiting.keys()]
  }

  isPending(qdevId: string): boolean {
    return this.#waiting.has(qdevId)
  }

  /** Notes that the removal of a device is asked for. To be called before QEMU is told, or the answer may be missed. */
  begin(qdevId: string): void {
    if (!this.#waiting.has(qdevId)) this.#waiting.set(qdevId, new Set())
  }

  /** Resolves with the guest’s answer; rejects with the signal’s reason. A removal that is not pending counts as deleted. */
  wait(qdevId: string, signal: AbortSignal): Promise<RemovalEnd> {
    return new Promise((resolve, reject) => {
      const waiters = this.#waiting.get(qdevId)
      if (!waiters) return resolve('deleted')
      if (signal.aborted) return reject(signal.reason)
      const aborted = () => {
        waiters.delete(ended)
        reject(signal.reason)
      }
      const ended = (end: RemovalEnd) => {
        signal.removeEventListener('abort', aborted)
        resolve(end)
      }
      waiters.add(ended)
      signal.addEventListener('abort', aborted, { once: true })
    })
  }

  /** The removal ended; `refused` also when QEMU would not even ask the guest. */
  end(qdevId: string, end: RemovalEnd): void {
    const waiters = this.#waiting.get(qdevId)
    this.#waiting.delete(qdevId)
    for (const waiter of waiters ?? []) waiter(end)
  }

  /**
   * True when QEMU is to be asked what it still has. DEVICE_DELETED alone proves nothing: it comes when the last reference to a device is gone, some time
   * after the device itself, and may be about an earlier one of the same id. Source: QEMU, hw/core/qdev.c (device_finalize), qapi/qdev.json.
   */
  onEvent({ event, data }: Pick<QmpEvent, 'event' | 'data'>): boolean {
    const device = (data as { device?: unknown } | undefined)?.device
    if (typeof device !== 'string' || !this.isPending(device)) return false
    if (event === 'DEVICE_UNPLUG_GUEST_ERROR') this.end(device, 'refused')
    return event === 'DEVICE_DELETED'
  }

  /** QEMU has ended, and with it every device. */
  onQemuGone(): void {
    for (const qdevId of this.pending) this.end(qdevId, 'qemu-gone')
  }

  /** What QEMU still has: the rest is deleted. */
  onListing(qdevIds: ReadonlySet<string>): void {
    for (const qdevId of this.pending) {
      if (!qdevIds.has(qdevId)) this.end(qdevId, 'deleted')
    }
  }
}
