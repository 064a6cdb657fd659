import {
  type AgentStatus,
  COMMAND_NAMES,
  type ControlEvent,
  decodeAgentStatus,
  EVENT_RING,
  encodeJson,
  type Hello,
  Layout,
} from '@stubdom/protocol'
import { isErrno, type XenstoreClient } from '@stubdom/xenstore'

/** The control directory relative to the stubdomain's own: an agent never needs to know its domid. */
export const CONTROL = 'dm-control'

/** Names the guest that this domain is the stubdomain of. libxl writes it after the domain was introduced. */
export const TARGET = 'target'

/** The part of the control directory that the agent writes. */
export class OwnTree {
  readonly #xenstore: XenstoreClient

  constructor(xenstore: XenstoreClient) {
    this.#xenstore = xenstore
  }

  /**
   * Makes every directory that will be needed, so that none appears or is left later. False when dom0 has not made the control directory
   * yet, or not for this domain, or has not said whose stubdomain it is.
   */
  async prepare(refused: string): Promise<boolean> {
    try {
      await this.readTarget()
      await this.#write(Layout.refused, refused)
      const directories = [...COMMAND_NAMES.map(Layout.responsesOf), Layout.responsePartsRoot, Layout.events]
      await Promise.all(directories.map(path => this.#xenstore.mkdir(at(path))))
      return true
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'EACCES')) return false
      throw error
    }
  }

  writeStatus(status: AgentStatus): Promise<void> {
    return this.#write(Layout.status, encodeJson(status))
  }

  writeHello(hello: Hello): Promise<void> {
    return this.#write(Layout.hello, encodeJson(hello))
  }

  /** Whether what says that commands are taken still stands: whoever else is in the domain may have removed it. */
  async hasHello(): Promise<boolean> {
    return (await this.#xenstore.readIfExists(at(Layout.hello))) !== undefined
  }

  removeHello(): Promise<void> {
    return this.#xenstore.rm(at(Layout.hello))
  }

  /** The epoch in which what stands there was published; undefined when nothing does. */
  async readEpoch(): Promise<string | undefined> {
    const bytes = await this.#xenstore.readIfExists(at(Layout.status)).catch(error => {
      // C xenstored says EACCES where nothing above can be read: xenstored restarted, and the domain is not laid out yet.
      if (isErrno(error, 'EACCES')) return undefined
      throw error
    })
    const status = bytes && decodeAgentStatus(bytes)
    return status?.ok ? status.value.epoch : undefined
  }

  /** The domid of the guest that this stubdomain serves. */
  async readTarget(): Promise<number> {
    return Number(await this.#xenstore.readText(TARGET))
  }

  writeEvent(event: ControlEvent): Promise<void> {
    return this.#write(Layout.event(event.seq % EVENT_RING), encodeJson(event))
  }

  #write(path: string, value: string): Promise<void> {
    return this.#xenstore.write(at(path), value)
  }
}

/** A layout path as this domain names it. */
export function at(path: string): string {
  return `${CONTROL}/${path}`
}
