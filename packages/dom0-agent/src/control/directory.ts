import { COMMAND_NAMES, controlPath, decodeMade, encodeJson, Layout, type Made } from '@stubdom/protocol'
import { type Acl, acl, formatAcl, isErrno, type XenstoreClient, type XenstoreData } from '@stubdom/xenstore'

/**
 * Makes sure that a stubdomain's control directory is there and is meant for this stubdomain, and says whether it had to be made.
 *
 * Only for a domain that is introduced: permissions that name a domain which the hypervisor does not know yet stay dead on C xenstored. Those
 * of a tree that was made for an earlier domain of the same number are dead, too, although they look right; but its `stubdom` went with
 * its owner, and without that a tree is made anew.
 * @param opened told of a `stubdom` that more than its owner may write to or more than dom0 may read, and how it is open
 */
export async function ensureControlDirectory(
  client: XenstoreClient,
  stubdomain: number,
  opened: (how: string) => void = () => {},
): Promise<'found' | 'made'> {
  if (await isSound(client, stubdomain, opened)) return 'found'
  return client.transaction(async transaction => {
    // Another process may have made it meanwhile.
    if (await isSound(transaction, stubdomain)) return 'found'
    await make(transaction, stubdomain)
    return 'made'
  })
}

const DOM0_DIRECTORIES = [
  Layout.dom0,
  Layout.requests,
  Layout.requestPartsRoot,
  // Made with the rest, so that none appears later and costs the agent's watch an event.
  ...COMMAND_NAMES.map(Layout.requestsOf),
]

/** What only dom0 writes; what the stubdomain writes is its own, or dom0 would pay for it on oxenstored. */
function permissions(stubdomain: number): { dom0: Acl; stubdom: Acl } {
  return { dom0: acl(0, [stubdomain, 'read']), stubdom: acl(stubdomain, [0, 'read']) }
}

async function make(transaction: XenstoreData, stubdomain: number): Promise<void> {
  const root = controlPath(stubdomain)
  const { dom0, stubdom } = permissions(stubdomain)
  await transaction.rm(root)
  const nodes: [path: string, permissions: Acl][] = [
    [root, dom0],
    ...DOM0_DIRECTORIES.map((path): [string, Acl] => [`${root}/${path}`, dom0]),
    [`${root}/${Layout.stubdom}`, stubdom],
  ]
  const made: Made = { v: 1, at: Date.now() }
  await Promise.all([
    ...nodes.flatMap(([path, allowed]) => [transaction.mkdir(path), transaction.setPermissions(path, allowed)]),
    transaction.write(`${root}/${Layout.made}`, encodeJson(made)),
    transaction.setPermissions(`${root}/${Layout.made}`, dom0),
  ])
}

/** Milliseconds since the control directory was made; infinite when that cannot be told. */
export async function controlDirectoryAge(client: XenstoreClient, stubdomain: number): Promise<number> {
  const bytes = await client.readIfExists(`${controlPath(stubdomain)}/${Layout.made}`)
  const made = bytes && decodeMade(bytes)
  return made?.ok ? Math.max(Date.now() - made.value.at, 0) : Number.POSITIVE_INFINITY
}

async function isSound(
  store: XenstoreData,
  stubdomain: number,
  opened: (how: string) => void = () => {},
): Promise<boolean> {
  const root = controlPath(stubdomain)
  const { dom0 } = permissions(stubdomain)
  const [stubdom, ...ours] = await Promise.all(
    [`${root}/${Layout.stubdom}`, root, `${root}/${Layout.dom0}`, `${root}/${Layout.requests}`].map(path =>
      permissionsIfExists(store, path),
    ),
  )
  // The stubdomain may open what it owns to others; it cannot give it away. What others then write there counts as its own word.
  if (stubdom?.owner === stubdomain && isOpen(stubdom)) opened(formatAcl(stubdom))
  return (
    stubdom?.owner === stubdomain && ours.every(found => found !== undefined && formatAcl(found) === formatAcl(dom0))
  )
}

/** Privileged, dom0 needs no grant, so that a missing one opens nothing. */
function isOpen({ others, grants }: Acl): boolean {
  return others !== 'none' || grants.some(({ domid, access }) => domid !== 0 && access !== 'none')
}

async function permissionsIfExists(store: XenstoreData, path: string): Promise<Acl | undefined> {
  try {
    return await store.getPermissions(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}
