import type { XenstoreClient } from '@stubdom/xenstore'

/** Everything below a path, one `path = "value"` a line, as `xenstore-ls -f` prints it. */
export async function formatTree(xenstore: XenstoreClient, path: string): Promise<string> {
  const lines: string[] = []
  for (const child of (await xenstore.list(path)).toSorted()) {
    const below = `${path}/${child}`
    const value = await xenstore.readIfExists(below)
    if (value === undefined) continue
    lines.push(`${below} = ${JSON.stringify(value.toString('latin1')).replaceAll('\\"', '"')}`)
    const rest = await formatTree(xenstore, below)
    if (rest !== '') lines.push(rest)
  }
  return lines.join('\n')
}
