import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../root.mjs'

const CACHE = join(root, 'node_modules/.cache/stripped')

/** A program without its symbols: 12 MB less of Node, in an image that lies in memory. Cached by content. @param {string} path @returns {Buffer} */
export function stripped(path) {
  const hash = createHash('sha256').update(readFileSync(path)).digest('hex')
  const cached = join(CACHE, hash)
  if (!existsSync(cached)) {
    mkdirSync(CACHE, { recursive: true })
    const partial = `${cached}.${process.pid}`
    execFileSync('strip', ['--strip-all', '-o', partial, path])
    renameSync(partial, cached)
  }
  return readFileSync(cached)
}
