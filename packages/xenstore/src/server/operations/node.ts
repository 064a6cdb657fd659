/** READ, WRITE, MKDIR and RM. */

import { EMPTY_VALUE, parentOf } from '../node.ts'
import { createNode, find, findIfExists, removeNode, replaceNode } from '../node-access.ts'
import { Right } from '../permissions.ts'
import { Refusal } from '../refusal.ts'
import { nodePath, OK, onlyPath, type Reply, type Request } from '../request.ts'
import { decodeStringAndRest } from '../text.ts'

export function read(request: Request): Reply {
  return find(request.session, request.view, onlyPath(request), Right.READ).value
}

export function write(request: Request): Reply {
  const { session, view, store } = request
  const parts = decodeStringAndRest(request.payload)
  if (!parts) throw new Refusal('EINVAL')
  const [text, value] = parts
  const path = nodePath(request, text)
  const node = findIfExists(session, view, path, Right.WRITE)
  if (node) replaceNode(session, view, store.quotas, path, { ...node, value })
  else createNode(session, view, store.quotas, path, value)
  view.changed({ path, exact: false })
  return OK
}

export function mkdir(request: Request): Reply {
  const { session, view, store } = request
  const path = onlyPath(request)
  if (findIfExists(session, view, path, Right.WRITE)) return OK
  createNode(session, view, store.quotas, path, EMPTY_VALUE)
  view.changed({ path, exact: false })
  return OK
}

export function rm(request: Request): Reply {
  const { session, view } = request
  const path = onlyPath(request)
  if (!findIfExists(session, view, path, Right.WRITE)) {
    if (view.read(parentOf(path))) return OK
    throw new Refusal('ENOENT')
  }
  if (path === '/') throw new Refusal('EINVAL')
  removeNode(view, path)
  return OK
}
