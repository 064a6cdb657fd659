import { Lab } from './lab.ts'
import { HELP, type LabOptions, LabUsageError, parseOptions } from './options.ts'
import { RunDirectory } from './run-directory.ts'

async function main(argv: readonly string[]): Promise<number> {
  const options = parseOptions(argv)
  if (options === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  const directory = new RunDirectory()
  const lab = new Lab(options, directory, line => process.stdout.write(`${line}\n`))
  try {
    const failure = (error: Error) => error.message
    const done = lab.run().then(() => undefined, failure)
    return lab.conclude(await Promise.race([done, cutShort(options)]))
  } finally {
    await lab.end()
    directory.remove()
  }
}

/** Resolves with why the run may not go on. */
function cutShort({ timeLimit }: LabOptions): Promise<string> {
  return new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => resolve(`ended by ${signal}`))
    setTimeout(() => resolve(`not done after ${timeLimit} s`), timeLimit * 1_000)
  })
}

try {
  // Nothing is waited for after the exit code is known: a build that was cut short may be under way.
  process.exit(await main(process.argv.slice(2)))
} catch (error) {
  if (!(error instanceof LabUsageError)) throw error
  process.stderr.write(`lab: ${error.message}\nTry: npm run lab -- --help\n`)
  process.exitCode = 2
}
