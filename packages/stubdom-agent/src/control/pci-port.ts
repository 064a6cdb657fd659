import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, type XenstoreClient, XenstoreConnectionError } from '@stubdom/xenstore'
import { BehaviorSubject, catchError, EMPTY, filter, firstValueFrom, type Observable, switchMap, takeUntil } from 'rxjs'
import { aborted } from '../pause.ts'
import type { PciPort } from '../pci/port.ts'

/** The port on a real sysfs, and on whatever connection to Xenstore there is. */
export class StubdomainPciPort implements PciPort {
  readonly devices: string
  readonly #xenstore = new BehaviorSubject<XenstoreClient | undefined>(undefined)

  /** @param sysfs where sysfs is mounted */
  constructor(sysfs: string) {
    this.devices = join(sysfs, 'bus/pci/devices')
  }

  /** @param xenstore the present connection; undefined while there is none */
  use(xenstore: XenstoreClient | undefined): void {
    this.#xenstore.next(xenstore)
  }

  async read(path: string, signal: AbortSignal): Promise<string | undefined> {
    for (;;) {
      signal.throwIfAborted()
      const xenstore = this.#xenstore.value
      if (xenstore === undefined) {
        const changed = this.#xenstore.pipe(filter(Boolean), takeUntil(aborted(signal)))
        await firstValueFrom(changed, { defaultValue: undefined })
        continue
      }
      try {
        return (await xenstore.read(path, { signal })).toString()
      } catch (error) {
        if (signal.aborted) throw signal.reason
        // C xenstored says EACCES of what is not there, below what we may not list.
        if (isErrno(error, 'ENOENT', 'EACCES')) return undefined
        if (!(error instanceof XenstoreConnectionError)) throw error
        if (this.#xenstore.value === xenstore) this.use(undefined)
      }
    }
  }

  changes(path: string): Observable<unknown> {
    const watch = (xenstore: XenstoreClient | undefined) => xenstore?.watch(path).pipe(catchError(() => EMPTY)) ?? EMPTY
    return this.#xenstore.pipe(switchMap(watch))
  }

  hasConfig(local: string): boolean {
    // Synchronous: a look costs some microseconds, one by libuv's threads costs a thread.
    return existsSync(join(this.devices, local, 'config'))
  }
}
