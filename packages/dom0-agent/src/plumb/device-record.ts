import type { XenstoreClient, XenstoreData } from '@stubdom/xenstore'

/**
 * What libxl records about a device: `/libxl/pci/<DDDD-BB-DD-F>/domid` is the guest that has it, `driver_path` the driver it was taken from.
 * Source: Xen, tools/libs/light/libxl_pci.c (pci_info_xs_path).
 */
export class DeviceRecord {
  readonly #path: string

  /** @param bdf as it stands in messages */
  constructor(bdf: string) {
    this.#path = `/libxl/pci/${bdf.replaceAll(/[:.]/g, '-')}`
  }

  /** The guest that has it; undefined when none has. What was recorded for a domain that is gone does not count. */
  async owner(client: XenstoreClient): Promise<number | undefined> {
    const domid = await readDomid(client, `${this.#path}/domid`)
    return domid !== undefined && (await client.isIntroduced(domid)) ? domid : undefined
  }

  /** Records the guest, unless a living one has the device, be it the same: the domid of that one then. */
  async claim(client: XenstoreClient, guest: number): Promise<number | undefined> {
    const owner = await this.owner(client)
    if (owner !== undefined) return owner
    const dead = await readDomid(client, `${this.#path}/domid`)
    return client.transaction(async transaction => {
      // Another process may have been faster.
      const found = await readDomid(transaction, `${this.#path}/domid`)
      if (found !== undefined && found !== dead) return found
      await transaction.write(`${this.#path}/domid`, `${guest}`)
      return undefined
    })
  }

  async release(client: XenstoreClient): Promise<void> {
    await client.rm(`${this.#path}/domid`)
  }

  async rememberDriver(client: XenstoreClient, driver: string): Promise<void> {
    await client.write(`${this.#path}/driver_path`, driver)
  }

  async forgetDriver(client: XenstoreClient): Promise<void> {
    await client.rm(`${this.#path}/driver_path`)
  }
}

async function readDomid(store: XenstoreData, path: string): Promise<number | undefined> {
  const text = (await store.readIfExists(path))?.toString()
  return text && /^\d{1,5}$/.test(text) ? Number(text) : undefined
}
