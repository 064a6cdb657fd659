/** Wakes one who waits; a ring that nobody waited for is not lost. */
export class Bell {
  #rung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  /** Resolves after `ms`, with false, or with true as soon as it rings; rejects with the signal’s reason. */
  wait(ms: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        this.#wake = undefined
        if (signal.aborted) return reject(signal.reason)
        resolve(this.#rung)
        this.#rung = false
      }
      const timer = setTimeout(end, ms)
      signal.addEventListener('abort', end, { once: true })
      this.#wake = end
      if (this.#rung || signal.aborted) end()
    })
  }
}
