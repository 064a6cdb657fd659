/** What was done on the way to something, so that it can be taken back when the way does not lead there. */
export class Undo {
  readonly #done: { readonly what: string; readonly undo: () => Promise<unknown> }[] = []

  /** @param what in words that fit "could not be taken back: …" */
  push(what: string, undo: () => Promise<unknown>): void {
    this.#done.push({ what, undo })
  }

  /** Takes everything back, the last first, whatever of it fails. What failed, in words; once called, nothing is left to take back. */
  async unwind(): Promise<string[]> {
    const problems: string[] = []
    for (const { what, undo } of this.#done.splice(0).toReversed()) {
      try {
        await undo()
      } catch (error) {
        problems.push(`${what}: ${(error as Error).message}`)
      }
    }
    return problems
  }
}
