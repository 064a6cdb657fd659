import { controlPath, Layout } from '@stubdom/protocol'
import { isErrno, type XenstoreClient } from '@stubdom/xenstore'
import type { Pair } from '../domains/pair.ts'
import { NoAgentError } from '../errors.ts'
import { windowed } from '../windowed.ts'
import { type ControlNode, partsNode, readNode, unreadableNode } from './control-node.ts'

/** Bounds of a survey: what the stubdomain made may be anything. */
const NODES_MAX = 1_000
const NAMES_BYTES_MAX = 8_192
/** `response/<command>/<id>` lies three below its side. */
const DEPTH_MAX = 3
const SURVEY_MS = 5_000

/**
 * Reads a whole control directory. Meant for a connection of its own: oxenstored answers dom0's listing of a very large directory with a packet that
 * no client accepts. What cannot be listed or read stands in the result as such.
 * @param report told of what no agent of ours leaves there
 * @throws NoAgentError when there is no control directory
 */
export async function surveyControlDirectory(
  client: XenstoreClient,
  { stubdomain }: Pair,
  report: (why: string) => void = () => {},
): Promise<ControlNode[]> {
  const root = controlPath(stubdomain)
  if (!(await client.exists(root))) {
    throw new NoAgentError(`stubdomain ${stubdomain} has no control directory`, {
      remedy: 'the first command given to it makes one: try stubdomctl ping',
    })
  }
  const survey = new Survey(client, root)
  const nodes = [...(await survey.visit(Layout.dom0, 0)), ...(await survey.visit(Layout.stubdom, 0))]
  const bad = nodes.filter(({ writer, state }) => writer === 'stubdomain' && WRONG.has(state))
  const [first] = bad
  if (first) report(`${bad.length} of its nodes cannot be read; ${first.path}: ${first.text}`)
  return nodes
}

const WRONG: ReadonlySet<string> = new Set(['undecodable', 'unreadable'])

class Survey {
  readonly #client: XenstoreClient
  readonly #root: string
  readonly #signal = AbortSignal.timeout(SURVEY_MS)
  readonly #now = Date.now()
  #left = NODES_MAX

  constructor(client: XenstoreClient, root: string) {
    this.#client = client
    this.#root = root
  }

  /** The nodes at `path` and below it, in the order of their names. */
  async visit(path: string, depth: number): Promise<ControlNode[]> {
    // Says once that there was more, and is silent then.
    if (--this.#left < 0) return this.#left === -1 ? [unreadableNode(path, `more than ${NODES_MAX} nodes`)] : []
    try {
      const children = await this.#client.list(`${this.#root}/${path}`, {
        maxBytes: NAMES_BYTES_MAX,
        signal: this.#signal,
      })
      if (children.length === 0) return await this.#leaf(path)
      if (/^(dom0|stubdom)\/part\/[^/]+$/.test(path)) return [partsNode(path, children.length, this.#now)]
      if (depth === DEPTH_MAX) return [unreadableNode(path, 'there are nodes below it where none belong')]
      const below = await windowed(children.toSorted(), name => this.visit(`${path}/${name}`, depth + 1))
      return below.flat()
    } catch (error) {
      // It went while we looked.
      if (isErrno(error, 'ENOENT')) return []
      return [unreadableNode(path, error instanceof Error ? error.message : String(error))]
    }
  }

  async #leaf(path: string): Promise<ControlNode[]> {
    const bytes = await this.#client.readIfExists(`${this.#root}/${path}`, { signal: this.#signal })
    const node = bytes && readNode(path, bytes, this.#now)
    return node ? [node] : []
  }
}
