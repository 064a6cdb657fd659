import { closeSync, constants, openSync } from 'node:fs'
import type { Logger } from '../logger.ts'
import { type ModelFds, qemuCommandLine, wantsRestore } from './command-line.ts'
import type { BootOptions } from './options.ts'
import { Program } from './program.ts'

/** Behind stdin, stdout and stderr. */
const FDS: ModelFds = { keeper: 3, fdset: 4, restore: 5 }

/** Starts QEMU. @throws Error when what it needs cannot be opened */
export function startQemu(options: BootOptions, toolstack: readonly string[], log: Logger): Program {
  const { agent, paths, qemu, qemuArguments } = options
  const files: number[] = []
  try {
    // libxl has QEMU write there. A console cannot take its place: QEMU opens it with O_TRUNC (EINVAL); and a file must be open for writing only.
    files.push(openSync(paths.fdset, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC))
    if (wantsRestore(toolstack)) files.push(openRestoreConsole(agent.restoreConsole))
    const program = new Program(qemu, qemuCommandLine(paths, FDS, qemuArguments, toolstack), log, ['pipe', ...files])
    // What QEMU says to the monitor that only has to be there is of no interest.
    program
      .socket(FDS.keeper)
      ?.resume()
      .on('error', () => {})
    return program
  } finally {
    for (const file of files) closeSync(file)
  }
}

function openRestoreConsole(path: string | undefined): number {
  if (path === undefined) throw new Error('QEMU is to restore a state, and there is no console for it')
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOCTTY)
  } catch (error) {
    throw new Error(`QEMU is to restore a state, and its console cannot be opened: ${(error as Error).message}`, {
      cause: error,
    })
  }
}
