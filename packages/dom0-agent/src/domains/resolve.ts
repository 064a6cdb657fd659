import { printable } from '@stubdom/protocol'
import { isErrno, type XenstoreClient } from '@stubdom/xenstore'
import { DomainError } from '../errors.ts'
import { windowed } from '../windowed.ts'
import { domainPath, type Pair, pairOf, parseDomid } from './pair.ts'

/** A pair with the guest's name, printable. */
export interface NamedPair extends Pair {
  readonly name: string
}

/** How many domains an error message names. */
const NAMED_MAX = 10

/**
 * Finds the pair that a name or a domid means, of the guest or of its stubdomain. Digits are a domid first.
 * @throws DomainError
 */
export async function resolveDomain(client: XenstoreClient, reference: string | number): Promise<NamedPair> {
  const text = String(reference)
  const shown = printable(text, 80)
  const domid = parseDomid(text)
  if (domid !== undefined && (await client.exists(domainPath(domid)))) return existing(client, domid, shown)
  const domains = await allDomains(client)
  const named = domains.filter(({ name }) => name === text)
  for (const each of named) {
    const pair = await pairOf(client, each.domid)
    if (pair) return withName(client, pair)
  }
  if (named[0]) return existing(client, named[0].domid, shown)
  throw new DomainError('unknown-domain', `there is no domain ${shown}`, { remedy: knownDomains(domains) })
}

async function existing(client: XenstoreClient, domid: number, shown: string): Promise<NamedPair> {
  const pair = await pairOf(client, domid)
  if (pair) return withName(client, pair)
  throw new DomainError('no-stubdomain', `domain ${shown} has no stubdomain, or it is not set up yet`, {
    remedy: 'stubdomctl list shows the domains that have one; a guest gets one with device_model_stubdomain_override=1',
  })
}

/** Every guest with a stubdomain, by domid. */
export async function allPairs(client: XenstoreClient): Promise<NamedPair[]> {
  const domains = await allDomains(client)
  const pairs = await windowed(domains, async ({ domid, name }) => {
    const pair = await pairOf(client, domid)
    return pair?.guest === domid ? { ...pair, name: printable(name, 80) } : undefined
  })
  return pairs.filter(pair => pair !== undefined)
}

interface DomainName {
  readonly domid: number
  readonly name: string
}

async function allDomains(client: XenstoreClient): Promise<DomainName[]> {
  const names = await client.list('/local/domain').catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  })
  const domids = names.map(parseDomid).filter(domid => domid !== undefined)
  domids.sort((a, b) => a - b)
  return windowed(domids, async domid => ({ domid, name: await nameOf(client, domid) }))
}

async function nameOf(client: XenstoreClient, domid: number): Promise<string> {
  return (await client.readIfExists(`${domainPath(domid)}/name`))?.toString('utf8') ?? ''
}

async function withName(client: XenstoreClient, pair: Pair): Promise<NamedPair> {
  return { ...pair, name: printable(await nameOf(client, pair.guest), 80) }
}

function knownDomains(domains: readonly DomainName[]): string {
  if (domains.length === 0) return 'no domain is running'
  const shown = domains
    .slice(0, NAMED_MAX)
    .map(({ domid, name }) => (name ? `${printable(name, 80)} (${domid})` : `${domid}`))
  const more = domains.length - shown.length
  return `there are ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
