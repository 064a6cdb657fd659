import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { root } from './root.mjs'

/**
 * Runs a program in the root with our standard streams; resolves with its exit code (128 + n when signal n ended it).
 * @param {string} program
 * @param {string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, quiet?: boolean }} options quiet: its output is only shown when it fails
 */
export function run(program, args, { env = process.env, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, env, stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit' })
    const output = []
    child.stdout?.on('data', chunk => output.push(chunk))
    child.stderr?.on('data', chunk => output.push(chunk))
    // A terminal's Ctrl-C reaches the child too: it decides, and we wait for it.
    const ignore = () => {}
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, ignore)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      for (const name of ['SIGINT', 'SIGTERM']) process.off(name, ignore)
      const exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
      if (quiet && exitCode !== 0) process.stderr.write(Buffer.concat(output))
      resolve(exitCode)
    })
  })
}

/** {@link run}, and the whole script ends with the same code when it fails. */
export async function runOrExit(program, args, options) {
  const code = await run(program, args, options)
  if (code !== 0) process.exit(code)
}

/** The path of a program that a dependency brought. */
export function tool(name) {
  return `${root}/node_modules/.bin/${name}`
}

/** Runs a TypeScript file; the packages are taken from their sources, nothing needs to be built. */
export function runSource(file, args) {
  return run(process.execPath, ['--import', 'tsx', '--conditions=@stubdom/source', file, ...args])
}
