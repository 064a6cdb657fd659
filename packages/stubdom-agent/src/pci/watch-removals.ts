import { filter, merge, Subscription, timer } from 'rxjs'
import type { Monitor } from '../qemu/monitor.ts'
import { listPeripherals } from './devices.ts'
import type { Removals } from './removals.ts'

/** Milliseconds. Events of QEMU are hints like any others, and may be missed: this often QEMU is asked itself while a removal is pending. */
const CHECK_MS = 5_000

/**
 * Keeps {@link Removals} true to QEMU: by asking it on its events, when its monitor is back, and now and then; and by noticing its end.
 * @param removals those of the present epoch
 */
export function watchRemovals(monitor: Monitor, removals: () => Removals): () => void {
  const qemu = {
    version: '',
    execute: (command: string, args?: Record<string, unknown>) => monitor.execute(command, args),
  }
  let asking = false
  let again = false
  const check = async () => {
    again = true
    if (asking) return
    asking = true
    try {
      while (again && removals().pending.length > 0) {
        again = false
        const devices = await listPeripherals(qemu)
        removals().onListing(new Set(devices.map(({ qdevId }) => qdevId)))
      }
    } catch {
      // QEMU is gone or hangs: its coming back is the next occasion.
    } finally {
      asking = false
    }
  }
  const back = monitor.state.pipe(filter(({ kind }) => kind === 'ready'))
  const gone = monitor.state.pipe(filter(({ kind }) => kind === 'gone'))
  const subscription = new Subscription()
  subscription.add(gone.subscribe(() => removals().onQemuGone()))
  const hints = monitor.events.pipe(filter(event => removals().onEvent(event)))
  subscription.add(merge(hints, back, timer(CHECK_MS, CHECK_MS)).subscribe(() => void check()))
  return () => subscription.unsubscribe()
}
