/**
 * Work that must not overlap, whoever asks for it: done one after the other, in the order asked. Attaching and detaching is such work: pcifront takes devices in one
 * after the other, functions share a slot, and xl asks as well.
 */
export class Turn {
  #last: Promise<unknown> = Promise.resolve()

  /** Does `work` in its turn, and settles as it does. Rejects with the signal’s reason when that fires before. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#last
    let over = (): void => {}
    this.#last = new Promise<void>(resolve => {
      over = resolve
    })
    try {
      await unlessAborted(before, signal)
      return await work()
    } finally {
      // Also when this one gave up waiting: those after it still wait for those before it.
      void before.then(over)
    }
  }
}

function unlessAborted(before: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const aborted = () => reject(signal.reason)
    signal.addEventListener('abort', aborted, { once: true })
    void before.then(() => {
      signal.removeEventListener('abort', aborted)
      resolve()
    })
  })
}
