/**
 * Which topics each of two machines runs side by side, in this order. A topic that ends a guest comes after one that left another for it; the times of a report tell whether the shares are
 * about the same.
 */
export const SHARES: readonly (readonly string[])[] = [
  [
    'coming up',
    'hot-plug, pciback in passthrough mode',
    'hot-plug, pciback in vpci mode',
    'a guest that does not give a device up',
    'unmodified xl beside us',
    'the whole of a hot-plug',
    'a hot-plug that fails leaves everything as it was',
    'two guests with stubdomains',
    'a device that comes late',
    // The daemon of 4.17 was seen to die some minutes after its live update, during transactions of libxl's: the last one.
    'xenstored',
  ],
  ['saving and restoring', 'faults', 'the end of QEMU', 'ends in the middle of a command', 'inside the stubdomain'],
]
