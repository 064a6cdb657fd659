/** Resolves after `ms`, or at once when `signal` aborts. Time is that of the global timers, so that whoever replaces those rules it. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal?.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    // A pause that nobody can end is not worth keeping the process alive for.
    if (!signal) timer.unref()
    signal?.addEventListener('abort', done)
  })
}
