import { isErrno, type XenstoreClient } from '@stubdom/xenstore'
import { TARGET } from '../control/own-tree.ts'

/** What the toolstack wants the device model to be. */
export interface ModelConfig {
  /** The guest's domid. */
  readonly target: number
  /** QEMU's arguments as the toolstack wrote them. */
  readonly arguments: readonly string[]
}

/** A toolstack writes some twenty, and a few for each disk and each network card. */
const ARGUMENTS_MAX = 1_000
const ARGUMENT_BYTES_MAX = 65_536

/** Reads under way at a time: xenstored lets a domain wait that asks for more than 20. */
const WINDOW = 16

/** Separates arguments in `dmargs`, where spaces may be part of one (the Linux stubdomain series of 2018). */
const ESCAPE = '\x1b'

/**
 * What stands in Xenstore, or which part of it is missing or unusable. Source of the layout: Xen, docs/misc/stubdom.txt and
 * libxl__write_stub_linux_dm_argv, libxl__write_stub_dmargs in tools/libs/light/libxl_dm.c.
 */
export async function readModelConfig(xenstore: XenstoreClient): Promise<ModelConfig | { readonly problem: string }> {
  const target = await readText(xenstore, TARGET)
  if (target === undefined) return { problem: 'the toolstack has not said whose stubdomain this is: no node target' }
  if (!/^\d{1,5}$/.test(target)) return { problem: `the node target holds no domid: ${target}` }
  const vm = await readText(xenstore, `/local/domain/${target}/vm`)
  if (vm === undefined) return { problem: `there is no node /local/domain/${target}/vm` }
  const found =
    (await readNumbered(xenstore, `${vm}/image/dm-argv`)) ?? (await readJoined(xenstore, `${vm}/image/dmargs`))
  if (found === undefined) return { problem: `there is neither ${vm}/image/dm-argv nor ${vm}/image/dmargs` }
  if (found.length > ARGUMENTS_MAX || found.join().length > ARGUMENT_BYTES_MAX)
    return { problem: `QEMU’s arguments are too many or too long: ${found.length} of them` }
  return { target: Number(target), arguments: found }
}

/** One node for each argument; undefined when there is none. */
async function readNumbered(xenstore: XenstoreClient, directory: string): Promise<string[] | undefined> {
  const names = (await list(xenstore, directory)).filter(name => /^\d+$/.test(name))
  if (names.length === 0) return undefined
  const inOrder = names.toSorted((a, b) => Number(a) - Number(b)).slice(0, ARGUMENTS_MAX + 1)
  const values: string[] = []
  for (let done = 0; done < inOrder.length; done += WINDOW) {
    const some = inOrder.slice(done, done + WINDOW)
    values.push(...(await Promise.all(some.map(name => xenstore.readText(`${directory}/${name}`)))))
  }
  return values
}

/** All arguments in one node. */
async function readJoined(xenstore: XenstoreClient, path: string): Promise<string[] | undefined> {
  const joined = await readText(xenstore, path)
  if (!joined) return undefined
  if (!joined.includes(ESCAPE)) return joined.split(' ').filter(Boolean)
  return joined.replace(new RegExp(`${ESCAPE}$`), '').split(ESCAPE)
}

/** Where a domain may not read, C xenstored says EACCES also when there is nothing. */
function readText(xenstore: XenstoreClient, path: string): Promise<string | undefined> {
  return xenstore.readText(path).catch(error => {
    if (isErrno(error, 'ENOENT', 'EACCES')) return undefined
    throw error
  })
}

function list(xenstore: XenstoreClient, path: string): Promise<string[]> {
  return xenstore.list(path).catch(error => {
    if (isErrno(error, 'ENOENT', 'EACCES')) return []
    throw error
  })
}
