/**
 * What counts as a path. A path that xenstored would refuse must not even be sent, so the client asks here first and the
 * embedded server asks here again. Source: xenstored's is_valid_nodename, xs_wire.h (XENSTORE_ABS_PATH_MAX, XENSTORE_REL_PATH_MAX).
 */

export const ABSOLUTE_PATH_MAX = 3072
export const RELATIVE_PATH_MAX = 2048

/** Paths that may only be watched (and, by dom0, given permissions). */
export const SPECIAL_PATHS = ['@introduceDomain', '@releaseDomain'] as const

/** Why `path` cannot name a node, in words; undefined when it can. Relative paths are relative to /local/domain/<caller>. */
export function pathProblem(path: string): string | undefined {
  if (path === '') return 'it is empty'
  if (path === '/') return undefined
  const bad = /[^A-Za-z0-9\-/_@]/.exec(path)
  if (bad) return `it holds ${JSON.stringify(bad[0])}; allowed are letters, digits and - / _ @`
  if (path.includes('//')) return 'it holds //'
  if (path.endsWith('/')) return 'it ends in /'
  const max = path.startsWith('/') ? ABSOLUTE_PATH_MAX : RELATIVE_PATH_MAX
  if (path.length >= max) return `it is ${path.length} characters long, the limit is ${max - 1}`
  return undefined
}

/** Whether `path` is one of the daemon's special watch paths. */
export function isSpecialPath(path: string): boolean {
  return (SPECIAL_PATHS as readonly string[]).includes(path)
}
