/** WATCH, UNWATCH and RESET_WATCHES. */

import { Refusal } from '../refusal.ts'
import { absolute, isRelative, nodePath, OK, type Reply, type Request } from '../request.ts'
import { decodeStrings } from '../text.ts'
import { notify, type Watch } from '../watches.ts'

/** Registers a watch; it fires once at once, whether or not there is such a node or the caller may see it. */
export function watch(request: Request): Reply {
  const { session, store } = request
  const { path, token, key, relative } = pathAndToken(request)
  if (path.startsWith('@') ? path.length > store.quotas.pathBytes : nodePath(request, path) !== path)
    throw new Refusal('EINVAL')
  if (session.watches.has(key)) throw new Refusal('EEXIST')
  if (!session.privileged && session.watches.size > store.quotas.watches) throw new Refusal('E2BIG')
  const added: Watch = { path, token, home: relative ? session.home : undefined }
  session.watches.set(key, added)
  return { payload: OK, afterwards: () => notify(session, added, path) }
}

export function unwatch(request: Request): Reply {
  if (!request.session.watches.delete(pathAndToken(request).key)) throw new Refusal('ENOENT')
  return OK
}

/** Ends the caller's transactions, too. */
export function resetWatches({ session }: Request): Reply {
  session.reset()
  return OK
}

function pathAndToken(request: Request) {
  const [text, token, ...rest] = decodeStrings(request.payload)
  if (text === undefined || token === undefined || rest.length > 0) throw new Refusal('EINVAL')
  const path = absolute(request.session, text)
  return { path, token, key: `${path}\0${token}`, relative: isRelative(text) }
}
