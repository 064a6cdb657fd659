import { getHeapStatistics } from 'node:v8'

/** Milliseconds between looks. */
const LOOK_MS = 2_000

/** Bytes. Less than this between two looks is rest. */
const REST_BYTES = 256 * 1024

/** Bytes of new objects, garbage mostly, for which a collection is worth its time. */
const WORTH_BYTES = 1024 * 1024

/** Tells when to collect, from what is in use at each look: once after work, when there is no more of it. */
export class IdleMemory {
  #seen = 0
  #floor = 0

  /** True when it is time; {@link collected} is to be told how it went. */
  look(used: number): boolean {
    const resting = Math.abs(used - this.#seen) < REST_BYTES
    this.#seen = used
    return resting && used - this.#floor > WORTH_BYTES
  }

  collected(used: number): void {
    this.#seen = used
    this.#floor = used
  }
}

/**
 * Gives memory back when the agent rests. V8 collects when it needs room and keeps the room it has got: 20 MB after a busy minute, in a stubdomain of 128.
 * @param collect V8’s own; with --expose-gc it is globalThis.gc
 */
export function collectWhenIdle(collect: () => void): void {
  const memory = new IdleMemory()
  const used = () => getHeapStatistics().used_heap_size
  const timer = setInterval(() => {
    if (!memory.look(used())) return
    // Without helper threads the first one only marks: pages are swept, and given back, by the second.
    collect()
    collect()
    memory.collected(used())
  }, LOOK_MS)
  timer.unref()
}
