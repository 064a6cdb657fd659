import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './root.mjs'
import { run } from './run.mjs'

/** The last pnpm that runs on Node 20. */
const PNPM = '10.34.9'

/** What decides which packages are installed. */
const INPUTS = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']

/**
 * Installs pnpm into .tools and with it everything in the lockfile; does nothing, and needs no network, when that is done already.
 */
export async function installDependencies() {
  const stamp = join(root, 'node_modules/.stubdom-control')
  const wanted = fingerprint()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  const pnpm = join(root, '.tools/node_modules/pnpm/bin/pnpm.cjs')
  if (!existsSync(pnpm) || !hasVersion(pnpm)) await install('pnpm', npm(), pnpmArguments())
  await install('the dependencies', process.execPath, [pnpm, 'install', '--frozen-lockfile', '--prefer-offline'])
  writeFileSync(stamp, wanted)
}

async function install(what, program, args) {
  process.stderr.write(`installing ${what} …\n`)
  const code = await run(program, args, { env: cleanEnvironment(), quiet: true })
  if (code === 0) return
  process.stderr.write(
    `could not install ${what}: ${program} ended with ${code}. It needs the npm registry; is the network there?\n`,
  )
  process.exit(1)
}

function fingerprint() {
  const hash = createHash('sha256').update(`${PNPM} ${process.version}`)
  for (const name of INPUTS) hash.update(readFileSync(join(root, name)))
  return hash.digest('hex')
}

function hasVersion(pnpm) {
  const { version } = JSON.parse(readFileSync(join(pnpm, '../../package.json'), 'utf8'))
  return version === PNPM
}

function npm() {
  return process.platform === 'win32' ? 'npm.cmd' : 'npm'
}

function pnpmArguments() {
  return ['install', '--prefix', join(root, '.tools'), '--ignore-scripts', '--no-audit', '--no-fund', `pnpm@${PNPM}`]
}

/** What npm put into the environment for this script confuses pnpm; where the registry is it must know. */
function cleanEnvironment() {
  const kept = ([name]) => !/^npm_/i.test(name) || /^npm_config_(registry|cache|userconfig)$/i.test(name)
  return Object.fromEntries(Object.entries(process.env).filter(kept))
}
