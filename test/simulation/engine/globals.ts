import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

/** Node's own timer, as far as anybody here uses it. */
class SimTimer {
  readonly cancel: () => void

  constructor(cancel: () => void) {
    this.cancel = cancel
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return true
  }
}

/**
 * Puts virtual time and seeded randomness in the place of Node's, for the very code that runs in the real programs. To be undone before anything else runs.
 * @returns what undoes it
 */
export function installGlobals(clock: Clock, random: Random): () => void {
  const undo: (() => void)[] = []
  const replace = (target: object, name: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(target, name)
    Object.defineProperty(target, name, { configurable: true, writable: true, value })
    undo.push(() => (before ? Object.defineProperty(target, name, before) : Reflect.deleteProperty(target, name)))
  }
  const later = (ms: unknown, run: () => void): SimTimer => {
    const wait = clock.after(Number(ms) || 0, clock.current, run)
    return new SimTimer(() => wait.cancel())
  }
  const cancel = (timer: unknown): void => {
    if (timer instanceof SimTimer) timer.cancel()
  }
  replace(globalThis, 'setTimeout', (run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) =>
    later(Math.max(ms ?? 0, 1), () => run(...args)),
  )
  replace(globalThis, 'setImmediate', (run: (...args: unknown[]) => void, ...args: unknown[]) =>
    later(0, () => run(...args)),
  )
  replace(globalThis, 'setInterval', (run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
    let next: SimTimer
    const timer = new SimTimer(() => next.cancel())
    const again = (): void => {
      next = later(Math.max(ms ?? 0, 1), () => {
        again()
        run(...args)
      })
    }
    again()
    return timer
  })
  for (const name of ['clearTimeout', 'clearInterval', 'clearImmediate']) replace(globalThis, name, cancel)
  replace(performance, 'now', () => clock.now)
  replace(Date, 'now', () => Math.trunc(clock.now + clock.wallAhead))
  replace(Math, 'random', () => random.next())
  replace(crypto, 'getRandomValues', (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; at++) bytes[at] = random.int(256)
    return bytes
  })
  return () => {
    for (const step of undo.toReversed()) step()
  }
}
