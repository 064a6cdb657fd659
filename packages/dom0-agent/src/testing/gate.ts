/** A promise that a test resolves. */
export class Gate {
  readonly opened: Promise<void>
  #resolve: (() => void) | undefined

  constructor() {
    this.opened = new Promise(resolve => {
      this.#resolve = resolve
    })
  }

  readonly open = (): void => this.#resolve?.()
}
