/** What a run of the program has to do with the world, so that a test can be the world. */
export interface Io {
  readonly stdout: Output
  readonly stderr: Output
  readonly env: NodeJS.ProcessEnv
  /** Calls `interrupt` at each SIGINT and SIGTERM until the result is called. */
  onInterrupt(interrupt: () => void): () => void
}

export interface Output {
  readonly isTTY: boolean
  write(text: string): void
}

/** This process. */
export function processIo(): Io {
  return {
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    env: process.env,
    onInterrupt(interrupt) {
      process.on('SIGINT', interrupt)
      process.on('SIGTERM', interrupt)
      return () => {
        process.off('SIGINT', interrupt)
        process.off('SIGTERM', interrupt)
      }
    },
  }
}

function output(stream: NodeJS.WriteStream): Output {
  return { isTTY: stream.isTTY === true, write: text => void stream.write(text) }
}

/** Whether a stream may get colours. Source: no-color.org. */
export function mayColor(to: Output, env: NodeJS.ProcessEnv): boolean {
  return to.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}
