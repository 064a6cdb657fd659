/** What arrived of a state that QEMU wrote. */
export interface SavedState {
  readonly bytes: number
  /** 64 hexadecimal digits. */
  readonly sha256: string
}

/** The way of a saved state from QEMU to dom0. */
export interface SaveChannel {
  readonly name: 'file'
  /** Makes room for a state; returns the file that QEMU is to write. Rejects with a CommandFailure. */
  open(id: string): Promise<string>
  /** QEMU has written it: dom0 may have it. */
  finish(id: string): Promise<SavedState>
  /** Nobody will want it (any more). */
  discard(id: string): Promise<void>
  /** At start: what an earlier agent kept for ids that nobody asks for any more. */
  sweep(wanted: ReadonlySet<string>): Promise<void>
}
