import { XenstoreClient } from '@stubdom/xenstore'
import { concatMap, filter, firstValueFrom, map, timeout } from 'rxjs'

let client: Promise<XenstoreClient> | undefined

/** dom0's own connection, made at first use; made anew after a loss. */
export async function xenstore(): Promise<XenstoreClient> {
  client ??= XenstoreClient.connect().then(connected => {
    connected.closed.then(() => {
      client = undefined
    })
    return connected
  })
  client.catch(() => {
    client = undefined
  })
  return await client
}

/** A node's value; undefined when there is no such node. */
export async function readNode(path: string): Promise<string | undefined> {
  const value = await (await xenstore()).readIfExists(path)
  return value?.toString()
}

/** The domain of this name; undefined when there is none. What xl would say: its start costs more than all this. */
export async function domidOf(name: string): Promise<number | undefined> {
  const domids = await (await xenstore()).list('/local/domain')
  const names = await Promise.all(domids.map(domid => readNode(`/local/domain/${domid}/name`)))
  const at = names.indexOf(name)
  return at < 0 ? undefined : Number(domids[at])
}

/** Resolves with what `accept` makes of a node's value, as soon as that is not undefined. */
export async function nodeBecomes<T>(
  path: string,
  accept: (value: string | undefined) => T | undefined,
  timeoutMs = 15_000,
): Promise<T> {
  const xs = await xenstore()
  let last: string | undefined
  const accepted = xs.watch(path).pipe(
    concatMap(async () => {
      last = (await xs.readIfExists(path))?.toString()
      return accept(last)
    }),
    filter(value => value !== undefined),
    map(value => value as T),
    timeout({
      first: timeoutMs,
      with: () => {
        throw new Error(`${path} did not become what was wanted within ${timeoutMs} ms; it is ${last}`)
      },
    }),
  )
  return await firstValueFrom(accepted)
}
