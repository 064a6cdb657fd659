import { type CommandKey, Layout, type ResponderInput } from '@stubdom/protocol'
import { isErrno, type XenstoreClient } from '@stubdom/xenstore'
import { at } from './own-tree.ts'

/** What stands in the control directory when an agent starts: all requests, and what an earlier agent wrote. */
export async function takeStock(xenstore: XenstoreClient): Promise<Extract<ResponderInput, { on: 'started' }>> {
  const [requests, own, responseParts] = await Promise.all([
    listRequests(xenstore),
    listBelow(xenstore, Layout.responses, Layout.responsesOf),
    listIfExists(xenstore, Layout.responsePartsRoot),
  ])
  const responses = await Promise.all(
    own.map(async key => ({ ...key, bytes: await xenstore.readIfExists(at(Layout.response(key.command, key.id))) })),
  )
  return { on: 'started', requests, responses, responseParts }
}

export function listRequests(xenstore: XenstoreClient): Promise<CommandKey[]> {
  return listBelow(xenstore, Layout.requests, Layout.requestsOf)
}

async function listBelow(
  xenstore: XenstoreClient,
  root: string,
  directoryOf: (command: string) => string,
): Promise<CommandKey[]> {
  const commands = await listIfExists(xenstore, root)
  const lists = await Promise.all(
    commands.map(async command => {
      const ids = await listIfExists(xenstore, directoryOf(command))
      return ids.map(id => ({ command, id }))
    }),
  )
  return lists.flat()
}

/** oxenstored lists no more than about 240 names to a domain. */
export function isUnlistable(error: unknown): boolean {
  return isErrno(error, 'E2BIG', 'ENOSYS')
}

export async function listIfExists(xenstore: XenstoreClient, path: string): Promise<string[]> {
  try {
    return await xenstore.list(at(path))
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES')) return []
    throw error
  }
}
