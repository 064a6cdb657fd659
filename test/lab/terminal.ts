import type { Machine } from './machine/machine.ts'

const LEAVE = 0x1d // Ctrl-]

/** Connects this terminal with dom0's shell until the person leaves, or the machine ends. */
export async function converse(machine: Machine): Promise<void> {
  const { stdin, stdout } = process
  if (stdin.isTTY) stdin.setRawMode(true)
  machine.shell.pipe(stdout, { end: false })
  try {
    await new Promise<void>(resolve => {
      stdin.on('data', chunk => {
        const leave = stdin.isTTY ? chunk.indexOf(LEAVE) : -1
        machine.shell.write(leave < 0 ? chunk : chunk.subarray(0, leave))
        if (leave >= 0) resolve()
      })
      machine.exited.then(() => resolve())
      // "exit" in the shell ends what dom0 was asked to do.
      machine.shell.on('close', () => resolve())
    })
  } finally {
    if (stdin.isTTY) stdin.setRawMode(false)
    stdin.unref()
    stdin.pause()
    stdout.write('\r\n')
  }
}
