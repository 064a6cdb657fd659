import { encodeJson } from '@stubdom/protocol'
import { Command, CommanderError } from 'commander'
import pc from 'picocolors'
import { UsageError } from '../errors.ts'
import { VERSION } from '../version.ts'
import { registerCommands } from './commands/index.ts'
import { Context, type Printout } from './context.ts'
import { EXIT, EXIT_CODES_HELP } from './exit-codes.ts'
import { failureOf } from './failure.ts'
import { addGlobals, type Globals } from './globals.ts'
import { type Io, mayColor } from './io.ts'

/** What a command does with what was typed: positional arguments, then its own options. */
type Action<A extends unknown[]> = (context: Context, ...args: A) => Promise<Printout>

/** Makes an {@link Action} what commander calls. */
export type Act = <A extends unknown[]>(action: Action<A>) => (...args: [...A, Command]) => Promise<void>

/**
 * Runs the program once.
 * @param argv without node and the script
 * @returns the exit code; when it is there, nothing is left to wait for
 */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  // In 7-bit ASCII: JSON itself lets characters pass that a terminal minds.
  const print = (document: object): void => io.stdout.write(`${encodeJson(document)}\n`)
  const fail = (error: unknown, what: string, json: boolean, noticed: object = {}): number => {
    const failure = failureOf(error, what, argv)
    if (json) print({ ...failure.json, ...noticed })
    else {
      const { red } = pc.createColors(mayColor(io.stderr, io.env))
      io.stderr.write(`${failure.text.replace(/^stubdomctl:/, red('stubdomctl:'))}\n`)
    }
    return failure.exitCode
  }

  let exitCode: number = EXIT.done
  const act: Act =
    action =>
    async (...args) => {
      const command = args.at(-1) as Command
      const globals = command.optsWithGlobals<Globals>()
      const json = globals.json === true
      const context = new Context(globals, io)
      const deaf = io.onInterrupt(() => context.interrupt())
      try {
        const printout = await Promise.race([context.abandoned, finished(context, action, args)])
        if (json) print({ ok: true, ...printout.json, ...context.noticed })
        else if (printout.text !== '') io.stdout.write(`${printout.text}\n`)
      } catch (error) {
        exitCode = fail(error, [command.name(), command.args[0]].filter(Boolean).join(' '), json, context.noticed)
      } finally {
        deaf()
      }
    }

  try {
    await buildProgram(io, act).parseAsync([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return EXIT.done
    return fail(usage(error), '', argv.includes('--json'))
  }
  return exitCode
}

async function finished<A extends unknown[]>(context: Context, action: Action<A>, args: unknown[]): Promise<Printout> {
  try {
    return await action(context, ...(args.slice(0, -1) as A))
  } finally {
    await context.close()
  }
}

function buildProgram(io: Io, act: Act): Command {
  const program = new Command('stubdomctl')
    .description('Commands the QEMU in a Linux stubdomain, over Xenstore.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({
      writeOut: text => io.stdout.write(text),
      // Errors are reported in one place, and as JSON where that is asked for; help that stands for an error is one.
      writeErr: () => {},
      outputError: () => {},
    })
    .addHelpText('after', `\n<domain> is a name or a domid, of the guest or of its stubdomain.\n\n${EXIT_CODES_HELP}`)
  addGlobals(program)
  registerCommands(program, act)
  return program
}

function usage(error: CommanderError): UsageError {
  const message = error.code === 'commander.help' ? 'no command was given' : error.message.replace(/^error: /, '')
  return new UsageError(message, { remedy: 'stubdomctl --help tells what there is' })
}
