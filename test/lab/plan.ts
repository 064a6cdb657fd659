/**
 * What the tests are about, as two machines divide it. What each begins with is arranged so that the guests which it has from its beginning are enough: a topic that ends some comes after one that leaves some, and
 * those that need two are together. The rest does with one, and is for whichever machine is free, the longest first: their processors are rarely equally fast.
 */
const BEGINNINGS: readonly (readonly string[])[] = [
  [
    'coming up',
    'hot-plug, pciback in passthrough mode',
    'hot-plug, pciback in vpci mode',
    'two guests with stubdomains',
    'a hot-plug that fails leaves everything as it was',
    'the end of QEMU',
    'a device that comes late',
  ],
  ['saving and restoring', 'ends in the middle of a command'],
]
const REST: readonly string[] = [
  'the whole of a hot-plug',
  'inside the stubdomain',
  'unmodified xl beside us',
  'faults',
  'a guest that does not give a device up',
  // The daemon of 4.17 was seen to die some minutes after its live update, during transactions of libxl's: the last one.
  'xenstored',
]

/** Hands out topics to machines. */
export class Plan {
  readonly #beginnings: string[][]
  readonly #rest = REST.slice()

  constructor(machines: 1 | 2) {
    this.#beginnings = machines === 1 ? [BEGINNINGS.flat()] : BEGINNINGS.map(topics => topics.slice())
  }

  /** What the machine of this number does next; undefined when nothing is left for it. */
  next(machine: number): string | undefined {
    return this.#beginnings[machine]?.shift() ?? this.#rest.shift()
  }

  /** What nobody has taken. */
  get left(): string[] {
    return [...this.#beginnings.flat(), ...this.#rest]
  }

  /** Those of `topics` that are never handed out. */
  static without(topics: readonly string[]): string[] {
    const known = new Set([...BEGINNINGS.flat(), ...REST])
    return topics.filter(topic => !known.has(topic))
  }
}
