import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../root.mjs'

const exec = promisify(execFile)

/** Unpacked packages, each in a directory named after the SHA-256 of its .deb: what is there is right and stays. */
const CACHE = join(root, 'node_modules/.cache/debian')

const ONLY_DEPENDENCIES = [
  '--no-recommends',
  '--no-suggests',
  '--no-conflicts',
  '--no-breaks',
  '--no-replaces',
  '--no-enhances',
]

/**
 * Fetches Debian packages and, of what they depend on, the libraries; unpacks them without installing anything, so that no root is needed and
 * the result does not depend on what this machine has installed.
 * @param {string[]} names
 * @returns {Promise<UnpackedPackage[]>} sorted by name
 *
 * @typedef {object} UnpackedPackage
 * @property {string} name
 * @property {string} file `<name>_<version>_<architecture>.deb`
 * @property {string} sha256 of the .deb
 * @property {string} directory where it is unpacked
 */
export async function unpackPackages(names) {
  const wanted = await withLibraries(names)
  const packages = await locate(wanted)
  await mkdir(CACHE, { recursive: true })
  const missing = packages.filter(({ directory }) => !existsSync(directory))
  if (missing.length > 0) await fetch(missing)
  return packages
}

/** The package that linux-image-amd64 stands for at present. */
export async function kernelPackage() {
  const { stdout } = await apt('apt-cache', ['depends', 'linux-image-amd64'])
  const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1]
  if (!name) throw new Error('apt-cache knows no linux-image-amd64: is this Debian, and was apt-get update run?')
  return name
}

/** `names` and every library package they need. Only libraries are followed: python, perl and udev are not wanted in an image. */
async function withLibraries(names) {
  const { stdout } = await apt('apt-cache', ['depends', '--recurse', ...ONLY_DEPENDENCIES, ...names])
  const edges = new Map()
  let from = ''
  for (const line of stdout.split('\n')) {
    if (/^\S/.test(line)) from = line
    const to = /^ [ |]?(?:Pre)?Depends: (z?lib\S+)$/.exec(line)?.[1]
    if (to) edges.set(from, [...(edges.get(from) ?? []), to])
  }
  const found = new Set(names)
  for (const name of found) for (const next of edges.get(name) ?? []) found.add(next)
  return [...found].sort()
}

/** Where apt would fetch each package from, and the hash it would expect. */
async function locate(names) {
  const { stdout } = await apt('apt-get', ['download', '--print-uris', ...names])
  const packages = stdout
    .split('\n')
    .map(line => /^'\S+' (\S+) \d+ SHA256:(\S+)$/.exec(line))
    .filter(match => match !== null)
    .map(([, encoded, sha256]) => {
      const file = decodeURIComponent(encoded)
      return { name: file.split('_')[0], file: encoded, sha256, directory: join(CACHE, sha256) }
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const known = new Set(packages.map(({ name }) => name))
  const unknown = names.filter(name => !known.has(name))
  if (unknown.length > 0)
    throw new Error(`apt does not offer ${unknown.join(', ')}: Debian 12, and apt-get update, are needed`)
  return packages
}

async function fetch(packages) {
  process.stderr.write(`fetching ${packages.length} Debian packages …\n`)
  const download = join(CACHE, `download-${process.pid}`)
  await mkdir(download, { recursive: true })
  try {
    await apt('apt-get', ['download', '-qq', ...packages.map(({ name }) => name)], download)
    const files = new Set(await readdir(download))
    for (const { file, sha256, directory } of packages) {
      if (!files.has(file)) throw new Error(`apt-get download brought no ${file}`)
      const archive = join(download, file)
      const found = createHash('sha256')
        .update(await readFile(archive))
        .digest('hex')
      if (found !== sha256) throw new Error(`${file} has SHA-256 ${found}, apt announced ${sha256}`)
      const unpacked = `${archive}.d`
      await exec('dpkg', ['-x', archive, unpacked])
      await rename(unpacked, directory)
    }
  } finally {
    await rm(download, { recursive: true, force: true })
  }
}

async function apt(program, args, cwd = root) {
  try {
    return await exec(program, args, { cwd, env: { ...process.env, LC_ALL: 'C' }, maxBuffer: 64 << 20 })
  } catch (error) {
    throw new Error(`${program} ${args.slice(0, 2).join(' ')} … failed: ${error.stderr?.trim() || error.message}`, {
      cause: error,
    })
  }
}
