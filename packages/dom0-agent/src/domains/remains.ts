import { controlPath } from '@stubdom/protocol'
import type { XenstoreClient } from '@stubdom/xenstore'
import { domainPath } from './pair.ts'

/**
 * Removes what a write after a stubdomain's end may have resurrected: dom0's writes make every directory on their way. Touches nothing while the domid is in
 * use: in a transaction, since a new domain of that number may be laid out at this very moment, and must not lose its directory.
 */
export async function removeRemains(client: XenstoreClient, stubdomain: number): Promise<void> {
  // No transaction where there is nothing to do: one that is open anywhere slows all domains down.
  if ((await client.isIntroduced(stubdomain)) || !(await client.exists(domainPath(stubdomain)))) return
  await client.transaction(async transaction => {
    if (await client.isIntroduced(stubdomain)) return
    await transaction.rm(controlPath(stubdomain))
    const rest = await transaction.list(domainPath(stubdomain)).catch(() => undefined)
    if (rest?.length === 0) await transaction.rm(domainPath(stubdomain))
  })
}
