/** GET_PERMS and SET_PERMS. */

import { find, replaceNode } from '../node-access.ts'
import { type Entries, formatEntries, parseEntries, Right, rightsOf } from '../permissions.ts'
import { Refusal } from '../refusal.ts'
import { nodePath, OK, onlyPath, type Reply, type Request } from '../request.ts'
import { decodeStrings, encodeStrings } from '../text.ts'

export function getPerms(request: Request): Reply {
  const { entries } = find(request.session, request.view, onlyPath(request), Right.READ)
  return encodeStrings(...formatEntries(entries))
}

export function setPerms(request: Request): Reply {
  const { session, view, store } = request
  const [text = '', ...wanted] = decodeStrings(request.payload)
  if (wanted.length === 0) throw new Refusal('EINVAL')
  if (!session.privileged && wanted.length > store.quotas.permissions) throw new Refusal('ENOSPC')
  const entries = parseEntries(wanted, domid => store.domains.mention(domid))
  if (!entries) throw new Refusal('EINVAL')
  if (entries[0].dead) throw new Refusal('ENOENT')
  if (text.startsWith('@')) return setSpecialPerms(request, text, entries)

  const path = nodePath(request, text)
  const node = find(session, view, path, Right.WRITE | Right.OWNER)
  if (!session.privileged && entries[0].domid !== node.entries[0].domid) throw new Refusal('EPERM')
  replaceNode(session, view, store.quotas, path, { ...node, entries })
  view.changed({ path, exact: false, before: node.entries })
  return OK
}

/** Who may watch the coming and going of domains. */
function setSpecialPerms({ session, store }: Request, path: string, entries: Entries): Reply {
  const old = store.watches.special(path)
  if (!old) throw new Refusal('EINVAL')
  if (!(rightsOf(session, old) & Right.OWNER)) throw new Refusal('EACCES')
  store.watches.setSpecial(path, entries)
  return OK
}
