/** A topic that ends a guest comes after one that left another for it. */
const FIRST = [
  'coming up',
  'hot-plug, pciback in passthrough mode',
  'hot-plug, pciback in vpci mode',
  'a guest that does not give a device up',
  'unmodified xl beside us',
  'the whole of a hot-plug',
  'a hot-plug that fails leaves everything as it was',
  'two guests with stubdomains',
  'a device that comes late',
]
/** Of these it does not matter who runs them. */
const EITHER = ['faults', 'inside the stubdomain']
const SECOND = ['saving and restoring', 'the end of QEMU', 'ends in the middle of a command']
/** The daemon of 4.17 was seen to die some minutes after its live update, during transactions of libxl's. */
const LAST = ['xenstored']

/** All topics, in an order in which one machine can run them. */
export const TOPICS: readonly string[] = [...FIRST, ...SECOND, ...EITHER, ...LAST]

/**
 * Which topics each of two machines runs side by side, in this order; the times of a report tell whether the shares are about the same.
 * @param prepared there are guests to begin with. Where there are none the second has more of them to create.
 */
export function sharesOfTwo({ prepared }: { prepared: boolean }): readonly (readonly string[])[] {
  return prepared
    ? [
        [...FIRST, ...LAST],
        [...SECOND, ...EITHER],
      ]
    : [[...FIRST, ...EITHER, ...LAST], SECOND]
}
