import { quoted } from '../quoted.ts'

/**
 * What counts as a path. A path that xenstored would refuse must not even be sent, so the client asks here first and
 * the embedded server asks here again. Source: Xen 4.17, xenstored_core.c (is_valid_nodename).
 */

/** The most characters of a path, a leading `/local/domain/<domid>/` not counted (XENSTORE_REL_PATH_MAX). */
export const PATH_MAX = 2048

/** Paths that may only be watched (and, by dom0, given permissions). */
const SPECIAL_PATHS = ['@introduceDomain', '@releaseDomain'] as const

/** Why `path` cannot name a node; undefined when it can. Relative paths are relative to /local/domain/<caller>. */
export function pathProblem(path: string): string | undefined {
  if (path === '') return 'it is empty'
  if (path === '/') return undefined
  const bad = /[^A-Za-z0-9\-/_@]/.exec(path)
  if (bad) return `it holds ${quoted(bad[0])}; allowed are letters, digits and - / _ @`
  if (path.startsWith('@')) return 'it begins with @, as only special paths do, which are no nodes'
  if (path.includes('//')) return 'it holds //'
  if (path.endsWith('/')) return 'it ends in /'
  const home = /^\/local\/domain\/\d{1,5}\//.exec(path)?.[0] ?? ''
  const length = path.length - home.length
  if (length > PATH_MAX) return `it is ${length} characters long${home && ` after ${home}`}, the limit is ${PATH_MAX}`
  return undefined
}

/** Whether `path` is one of the daemon's special watch paths. */
export function isSpecialPath(path: string): boolean {
  return (SPECIAL_PATHS as readonly string[]).includes(path)
}
