/** Something that is given bytes by a stranger. */
export interface Target {
  readonly name: string
  /** One line for `--help` and the report. */
  readonly summary: string
  /** How its inputs are made from others. */
  readonly grammar: Grammar
  /** Valid inputs to begin with. */
  readonly seeds: readonly Uint8Array[]
  /** Bytes. No input is longer. */
  readonly maxBytes: number
  /**
   * Runs one input and says in a few words what came of it: inputs with outcomes that were never seen are kept and changed further. Throws when a promise was
   * broken, whatever the error.
   */
  run(input: Uint8Array): string | Promise<string>
}

/** `json`: one JSON text; `lines`: JSON texts in lines, with a letter before each or not; `bytes`: Xenstore messages, or anything else. */
export type Grammar = 'json' | 'lines' | 'bytes'

/** A promise of a target that does not hold for an input. */
class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise'
}

/** @throws BrokenPromise */
export function promise(kept: boolean, what: string): void {
  if (!kept) throw new BrokenPromise(what)
}
