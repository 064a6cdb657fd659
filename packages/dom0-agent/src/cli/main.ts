import { processIo } from './io.ts'
import { runCli } from './program.ts'

// Nothing is waited for after the exit code is known: a command that was left alone may hold the connection still.
process.exit(await runCli(process.argv.slice(2), processIo()))
