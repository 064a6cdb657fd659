import { type Acl, DOMID_MAX, encodeAcl } from '../acl.ts'
import { quoted } from '../quoted.ts'
import { isSpecialPath, pathProblem } from '../wire/path.ts'
import { XenstoreUsageError } from './errors.ts'
import { describe, type Request } from './requests.ts'

/**
 * What is checked before anything is sent. A daemon would refuse most of it too, but with an EINVAL that does not say
 * why, or by ending the connection. Each check throws a XenstoreUsageError; `where` names the call.
 */

/** A path that names a node; relative ones are relative to the caller's own directory. */
export function checkPath(where: string, path: string): void {
  const problem = pathProblem(path)
  if (problem !== undefined) throw new XenstoreUsageError(`${where} ${quoted(path)}`, `not a path: ${problem}`)
}

/** The same, or one of the daemon's special paths. */
export function checkWatchable(where: string, path: string): void {
  if (!isSpecialPath(path)) checkPath(where, path)
}

/** A domain that can exist. */
export function checkDomid(where: string, domid: number): void {
  if (!Number.isInteger(domid) || domid < 0 || domid > DOMID_MAX) {
    throw new XenstoreUsageError(where, `${domid} is not a domid; they are integers from 0 to ${DOMID_MAX}`)
  }
}

/** An integer from `min` to `max`. */
export function checkInteger(where: string, value: number | bigint, min: number | bigint, max: number | bigint): void {
  const isInteger = typeof value === 'bigint' || Number.isSafeInteger(value)
  if (!isInteger || value < min || value > max) {
    throw new XenstoreUsageError(where, `${value} is not an integer from ${min} to ${max}`)
  }
}

/** Every domain and every access of it; the wire form when all is well. */
export function checkAcl(where: string, acl: Acl): string[] {
  const domids = [acl.owner, ...acl.grants.map(({ domid }) => domid)]
  for (const domid of domids) checkDomid(where, domid)
  const entries = encodeAcl(acl)
  const bad = entries.findIndex(entry => !/^[nrwb]\d/.test(entry))
  if (bad >= 0) {
    throw new XenstoreUsageError(where, `the entry for domain ${domids[bad]} allows none of: none, read, write, both`)
  }
  return entries
}

/** The whole payload of a request, path included. */
export function checkPayload(request: Request, limit: number): void {
  const { length } = request.payload
  if (length <= limit) return
  const problem = `the message's payload would have ${length} bytes, path included; the limit is ${limit}`
  throw new XenstoreUsageError(describe(request), problem)
}
