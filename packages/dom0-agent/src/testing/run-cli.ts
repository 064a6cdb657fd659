import type { Io } from '../cli/io.ts'
import { runCli } from '../cli/program.ts'

/** What a run of the program printed. */
export interface CliRun {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** A terminal's worth of the program, in this process. `interrupt` is a Ctrl-C. */
export function cliIn(
  world: { readonly daemon: { readonly socketPath: string } },
  options: { env?: NodeJS.ProcessEnv; isTTY?: boolean } = {},
) {
  const interrupts = new Set<() => void>()
  return {
    interrupt: () => {
      for (const interrupt of interrupts) interrupt()
    },
    run: async (...argv: string[]): Promise<CliRun> => {
      const printed = { stdout: '', stderr: '' }
      const output = (stream: 'stdout' | 'stderr') => ({
        isTTY: options.isTTY ?? false,
        write: (text: string) => {
          printed[stream] += text
        },
      })
      const io: Io = {
        stdout: output('stdout'),
        stderr: output('stderr'),
        env: options.env ?? {},
        onInterrupt(interrupt) {
          interrupts.add(interrupt)
          return () => interrupts.delete(interrupt)
        },
      }
      const exitCode = await runCli([...argv, '--xenstore', world.daemon.socketPath], io)
      return { exitCode, ...printed }
    },
  }
}
