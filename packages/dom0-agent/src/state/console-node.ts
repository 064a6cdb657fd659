import type { XenstoreClient } from '@stubdom/xenstore'
import { UsageError } from '../errors.ts'

/** The consoles of a stubdomain that libxl makes for states (libxl_dm.c, STUBDOM_CONSOLE_SAVE and _RESTORE). */
export const STATE_CONSOLE = { save: 1, restore: 2 } as const

/**
 * Where dom0’s end of a stubdomain’s console is, as libxl wrote it for the backend: `file:PATH` or `pipe:PATH`. The node stands in a directory of the
 * stubdomain’s: only one that belongs to dom0, and that nobody else may write, is believed.
 * @throws UsageError that says why there is none
 */
export async function consolePath(client: XenstoreClient, stubdomain: number, console: 1 | 2): Promise<string> {
  const node = `/local/domain/${stubdomain}/device/console/${console}/output`
  const none = (why: string) =>
    new UsageError(`console ${console} of stubdomain ${stubdomain} cannot be used: ${why}`, {
      remedy: 'name its end in dom0 with --console, or take another channel',
    })
  const value = await client.readIfExists(node)
  if (!value) throw none(`there is no ${node}`)
  // After the value: a node that a stubdomain made can never become dom0's, so that a value read before was dom0's too.
  const { owner, others, grants } = await client.getPermissions(node)
  const written = [others, ...grants.map(({ access }) => access)].some(
    access => access === 'write' || access === 'both',
  )
  if (owner !== 0 || written) throw none(`${node} is not dom0’s alone to write`)
  const output = /^(?:file|pipe):(\/[^\0]+)$/.exec(value.toString('utf8'))?.[1]
  if (output === undefined) throw none(`${node} names no file or pipe`)
  return output
}
