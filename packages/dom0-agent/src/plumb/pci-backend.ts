import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseBdf } from '@stubdom/protocol'
import { acl, type XenstoreClient, type XenstoreData } from '@stubdom/xenstore'
import {
  concatMap,
  filter,
  firstValueFrom,
  fromEvent,
  ignoreElements,
  map,
  merge,
  type Observable,
  TimeoutError,
  takeUntil,
  timeout,
} from 'rxjs'
import type { Connection } from '../connection.ts'

/** What xenbus calls the states of a device's two ends. Source: Xen, xen/include/public/io/xenbus.h. */
const STATE = { initialising: '1', connected: '4', closing: '5', closed: '6', reconfiguring: '7' } as const

/** Nodes that a device of the backend has, besides its number; a device that goes hands its number to the next. */
const FIELDS = ['key', 'dev', 'vdev', 'vdevfn', 'opts', 'state', 'name'] as const

/** Milliseconds between looks at what tells nobody of a change. */
const LOOK_MS = 20

/** More than a bus can hold: beyond that, what stands there is no count. */
const DEVICES_MAX = 256

/** How a device is to be shown, as libxl writes it into `opts-N`. */
export interface BackendOptions {
  readonly msitranslate: boolean
  readonly powerManagement: boolean
  readonly permissive: boolean
  readonly rdmPolicy: 'strict' | 'relaxed'
}

/** The backend did not come to the state that was waited for. */
class BackendStateError extends Error {
  override readonly name: string = 'BackendStateError'
}

/** The domain to which it shows devices has ended. */
export class BackendDomainGoneError extends BackendStateError {
  override readonly name = 'BackendDomainGoneError'
}

/** It is gone, or on its way. */
class BackendClosedError extends BackendStateError {
  override readonly name = 'BackendClosedError'
}

/**
 * The devices that pciback in dom0 shows to a domain: `/local/domain/0/backend/pci/<S>/0`, one directory for all of them. Who changes it writes what is
 * wanted, then `state` = reconfiguring, and waits until pciback has connected again. Source: Xen, tools/libs/light/libxl_pci.c; Linux, drivers/xen/xen-pciback/xenbus.c.
 */
export class PciBackend {
  readonly path: string
  readonly #frontend: string
  readonly #domain: number
  readonly #connection: Connection
  readonly #kernelDevice: string

  /** @param sysfs `/sys` */
  constructor(connection: Connection, domain: number, sysfs: string) {
    this.path = `/local/domain/0/backend/pci/${domain}/0`
    this.#frontend = `/local/domain/${domain}/device/pci/0`
    this.#domain = domain
    this.#connection = connection
    this.#kernelDevice = join(sysfs, `bus/xen-backend/devices/pci-${domain}-0`)
  }

  /**
   * Shows the domain one more device and waits for pciback and the domain's pcifront.
   *
   * Neither kernel says when it is done with a pair whose nodes were removed. dom0's, if it still has its end, does not see that there is a new one: that is waited for. And the domain's
   * writes Closed when it is done, be it into the new pair, which closes for it before it has ever connected: it is made once more then.
   * @throws BackendStateError, the signal's reason
   */
  async add(bdf: string, options: BackendOptions, waitMs: number, signal: AbortSignal): Promise<void> {
    const end = performance.now() + waitMs
    let closed: BackendClosedError | undefined
    for (;;) {
      const left = Math.max(0, Math.round(end - performance.now()))
      signal.throwIfAborted()
      if (left === 0 && closed) throw closed
      try {
        const attempt = await this.#tryToAdd(bdf, options)
        if (attempt !== 'lingering') await this.#connected(left, signal)
        else if (left === 0) {
          throw new BackendStateError(`dom0’s kernel has not let go of ${this.#kernelDevice} within ${waitMs} ms`)
        }
        if (attempt === 'added') return
      } catch (error) {
        if (!(error instanceof BackendClosedError)) throw error
        closed = error
        await this.#connection.client.transaction(transaction => this.#forgetIfNew(transaction, bdf))
      }
      await pause(LOOK_MS)
    }
  }

  /**
   * `busy` while an earlier change is under way, be it another process's of this very moment: pciback would miss this one. `added` also when it has been added before: a backend may close,
   * and come back with what is in it.
   */
  #tryToAdd(bdf: string, options: BackendOptions): Promise<'added' | 'busy' | 'lingering'> {
    return this.#connection.client.transaction(async transaction => {
      const devices = await count(transaction, this.path)
      if (devices === undefined) {
        if (existsSync(this.#kernelDevice)) return 'lingering'
        await this.#make(transaction)
      } else if ((await find(transaction, this.path, bdf)) !== undefined) return 'added'
      else if (!(await isConnected(transaction, this.path))) return 'busy'
      await write(transaction, this.path, {
        ...described(devices ?? 0, bdf, options),
        num_devs: `${(devices ?? 0) + 1}`,
        ...(devices === undefined ? {} : { state: STATE.reconfiguring }),
      })
      return 'added'
    })
  }

  /** Takes back a pair that was made for this device, and closes: nothing else is in it then. */
  async #forgetIfNew(transaction: XenstoreData, bdf: string): Promise<void> {
    const devices = await count(transaction, this.path)
    const isMine = devices === 1 && (await find(transaction, this.path, bdf)) === 0
    if (isMine && !(await isConnected(transaction, this.path))) await this.#forget(transaction, bdf)
  }

  /**
   * Takes a device away from the domain again, if it has it. When it is the only one, and the two ends never came together, or the domain has ended, there is nobody to ask.
   * @throws BackendStateError, the signal's reason
   */
  async remove(bdf: string, waitMs: number, signal: AbortSignal): Promise<void> {
    const { client } = this.#connection
    if ((await find(client, this.path, bdf)) === undefined) return
    try {
      do await this.#connected(waitMs, signal)
      while (!(await this.#tryToClose(bdf)))
      do await this.#connected(waitMs, signal)
      while (!(await this.#tryToForget(bdf)))
    } catch (error) {
      const nobodyIsThere =
        error instanceof BackendDomainGoneError ||
        (error instanceof BackendStateError && (await count(client, this.path)) === 1)
      if (!nobodyIsThere) throw error
      await client.transaction(transaction => this.#forget(transaction, bdf))
    }
  }

  /** False while an earlier change is under way. */
  #tryToClose(bdf: string): Promise<boolean> {
    return this.#connection.client.transaction(async transaction => {
      const index = await find(transaction, this.path, bdf)
      if (index === undefined) return true
      if (!(await isConnected(transaction, this.path))) return false
      await write(transaction, this.path, { [`state-${index}`]: STATE.closing, state: STATE.reconfiguring })
      return true
    })
  }

  #tryToForget(bdf: string): Promise<boolean> {
    return this.#connection.client.transaction(async transaction => {
      // The numbers must not change under pciback's hands.
      if (!(await isConnected(transaction, this.path))) return false
      await this.#forget(transaction, bdf)
      return true
    })
  }

  /** Once no device is left, both ends go, or the next one could not be connected. */
  async #forget(transaction: XenstoreData, bdf: string): Promise<void> {
    const index = await find(transaction, this.path, bdf)
    const devices = (await count(transaction, this.path)) ?? 0
    if (index === undefined) return
    if (devices === 1) {
      await transaction.rm(this.path)
      await transaction.rm(this.#frontend)
      return
    }
    for (let to = index; to < devices; to++) {
      for (const field of FIELDS) {
        const next = to + 1 < devices ? await transaction.readIfExists(`${this.path}/${field}-${to + 1}`) : undefined
        if (next) await transaction.write(`${this.path}/${field}-${to}`, next)
        else await transaction.rm(`${this.path}/${field}-${to}`)
      }
    }
    await transaction.write(`${this.path}/num_devs`, `${devices - 1}`)
  }

  async #make(transaction: XenstoreData): Promise<void> {
    const name = (await transaction.readIfExists(`/local/domain/${this.#domain}/name`))?.toString() ?? ''
    for (const path of [this.path, this.#frontend]) await transaction.rm(path)
    await transaction.mkdir(this.path)
    await transaction.setPermissions(this.path, acl(0, [this.#domain, 'read']))
    await write(transaction, this.path, {
      frontend: this.#frontend,
      'frontend-id': `${this.#domain}`,
      online: '1',
      state: STATE.initialising,
      domain: name,
    })
    await transaction.mkdir(this.#frontend)
    await transaction.setPermissions(this.#frontend, acl(this.#domain, [0, 'read']))
    await write(transaction, this.#frontend, {
      backend: this.path,
      'backend-id': '0',
      state: STATE.initialising,
    })
  }

  async #connected(waitMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const state = `${this.path}/state`
    const states = this.#connection.watch(state).pipe(
      concatMap(() => this.#connection.client.readIfExists(state)),
      map(value => value?.toString()),
      map(value => {
        if (value === undefined || value === STATE.closing || value === STATE.closed) {
          throw new BackendClosedError(
            `the PCI backend of domain ${this.#domain} ${value === undefined ? 'is gone' : 'closes'}`,
          )
        }
        return value
      }),
      filter(value => value === STATE.connected),
    )
    const connected = merge(states, this.#gone()).pipe(
      timeout({ first: waitMs }),
      takeUntil(fromEvent(signal, 'abort')),
    )
    try {
      await firstValueFrom(connected)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof TimeoutError)) throw error
      const pcifront = `/local/domain/${this.#domain}/device/pci/0/state`
      const [back, front] = await Promise.all([state, pcifront].map(path => this.#connection.client.readIfExists(path)))
      throw new BackendStateError(
        `the PCI backend of domain ${this.#domain} did not connect within ${waitMs} ms: its state is ${back}, pcifront’s ${front}`,
      )
    }
  }

  /** Fails when the domain has ended: its kernel, which would have to connect, is no more. */
  #gone(): Observable<never> {
    return this.#connection.watch('@releaseDomain').pipe(
      concatMap(() => this.#connection.client.isIntroduced(this.#domain)),
      map(isThere => {
        if (!isThere) throw new BackendDomainGoneError(`domain ${this.#domain} has ended`)
      }),
      ignoreElements(),
    )
  }
}

function described(index: number, bdf: string, options: BackendOptions): Record<string, string> {
  const { msitranslate, powerManagement, permissive, rdmPolicy } = options
  return {
    [`key-${index}`]: bdf,
    [`dev-${index}`]: bdf,
    [`opts-${index}`]: `msitranslate=${Number(msitranslate)},power_mgmt=${Number(powerManagement)},permissive=${Number(permissive)},rdm_policy=${rdmPolicy}`,
    [`state-${index}`]: STATE.initialising,
  }
}

async function isConnected(store: XenstoreData, path: string): Promise<boolean> {
  return (await store.readIfExists(`${path}/state`))?.toString() === STATE.connected
}

/** Undefined when there is no backend. */
async function count(store: XenstoreData, path: string): Promise<number | undefined> {
  const text = (await store.readIfExists(`${path}/num_devs`))?.toString()
  if (text === undefined) return undefined
  if (/^\d{1,3}$/.test(text) && Number(text) <= DEVICES_MAX) return Number(text)
  throw new BackendStateError(`${path}/num_devs is no count of devices: ${JSON.stringify(text)}`)
}

/** The number of a device; compared as an address, since its spelling is up to who wrote it. */
async function find(store: XenstoreClient | XenstoreData, path: string, bdf: string): Promise<number | undefined> {
  const devices = (await count(store, path)) ?? 0
  const wanted = JSON.stringify(parseBdf(bdf))
  for (let index = 0; index < devices; index++) {
    const text = (await store.readIfExists(`${path}/dev-${index}`))?.toString() ?? ''
    if (JSON.stringify(parseBdf(text)) === wanted) return index
  }
  return undefined
}

async function write(store: XenstoreData, path: string, nodes: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(nodes)) await store.write(`${path}/${name}`, value)
}
