/** The input that is being run, where another thread can see it: that is all there is to know of one that never ends. */
export class WatchedInput {
  readonly buffer: SharedArrayBuffer
  readonly #head: Int32Array
  readonly #bytes: Uint8Array

  /** @param buffer of another thread's WatchedInput */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(HEAD_BYTES + BYTES_MAX)) {
    this.buffer = buffer
    this.#head = new Int32Array(buffer, 0, 4)
    this.#bytes = new Uint8Array(buffer, HEAD_BYTES)
  }

  set(target: number, input: Uint8Array): void {
    this.#bytes.set(input)
    Atomics.store(this.#head, 1, target)
    Atomics.store(this.#head, 2, input.length)
    Atomics.store(this.#head, 3, 1)
    Atomics.add(this.#head, 0, 1)
  }

  /** The input has come to its end; what follows is not its fault. */
  end(): void {
    Atomics.store(this.#head, 3, 0)
  }

  get isRunning(): boolean {
    return Atomics.load(this.#head, 3) === 1
  }

  /** Changes with every input. */
  get count(): number {
    return Atomics.load(this.#head, 0)
  }

  get target(): number {
    return Atomics.load(this.#head, 1)
  }

  get input(): Uint8Array {
    return this.#bytes.slice(0, Atomics.load(this.#head, 2))
  }
}

const HEAD_BYTES = 16
const BYTES_MAX = 64 * 1024
