import { controlPath } from '@stubdom/protocol'
import type { XenstoreClient } from '@stubdom/xenstore'
import { domainPath } from './pair.ts'

/**
 * Removes what a write after a stubdomain's end may have resurrected: dom0's writes make every directory on their way. Touches nothing
 * while the domid is in use.
 */
export async function removeRemains(client: XenstoreClient, stubdomain: number): Promise<void> {
  if (await client.isIntroduced(stubdomain)) return
  await client.rm(controlPath(stubdomain))
  const rest = await client.list(domainPath(stubdomain)).catch(() => undefined)
  if (rest?.length === 0) await client.rm(domainPath(stubdomain))
}
