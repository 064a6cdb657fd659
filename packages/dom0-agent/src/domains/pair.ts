import { DOMID_MAX, type XenstoreClient } from '@stubdom/xenstore'

/** A guest and the stubdomain that runs its device model. */
export interface Pair {
  readonly guest: number
  readonly stubdomain: number
}

export function domainPath(domid: number): string {
  return `/local/domain/${domid}`
}

/** A domid written in digits; undefined for anything else. */
export function parseDomid(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return undefined
  const domid = Number(text)
  return domid <= DOMID_MAX ? domid : undefined
}

/** Both halves of the link that libxl writes: it introduces a stubdomain before it writes either, so that only both together mean anything. */
export async function readPair(client: XenstoreClient, { guest, stubdomain }: Pair): Promise<boolean> {
  const [target, deviceModel] = await Promise.all([targetOf(client, stubdomain), deviceModelOf(client, guest)])
  return target === guest && deviceModel === stubdomain
}

/** The pair to which a domain belongs, as guest or as stubdomain; undefined when the two halves do not agree. */
export async function pairOf(client: XenstoreClient, domid: number): Promise<Pair | undefined> {
  const [target, deviceModel] = await Promise.all([targetOf(client, domid), deviceModelOf(client, domid)])
  const candidates: Pair[] = []
  if (deviceModel) candidates.push({ guest: domid, stubdomain: deviceModel })
  if (target !== undefined) candidates.push({ guest: target, stubdomain: domid })
  for (const pair of candidates) if (await readPair(client, pair)) return pair
  return undefined
}

async function targetOf(client: XenstoreClient, domid: number): Promise<number | undefined> {
  return readDomid(client, `${domainPath(domid)}/target`)
}

async function deviceModelOf(client: XenstoreClient, domid: number): Promise<number | undefined> {
  return readDomid(client, `${domainPath(domid)}/image/device-model-domid`)
}

async function readDomid(client: XenstoreClient, path: string): Promise<number | undefined> {
  return parseDomid((await client.readIfExists(path))?.toString('latin1'))
}
