import { type AgentStage, decodeAgentStatus, decodeHello, printable } from '@stubdom/protocol'
import type { XenstoreClient } from '@stubdom/xenstore'
import { readWords, wrongTarget } from '../control/greeting.ts'
import { windowed } from '../windowed.ts'
import { allPairs, type NamedPair } from './resolve.ts'

/** How the agent of a stubdomain is, as far as it says so itself. Besides an agent's own stages, of which `ready` means a hello: */
export type StubdomainState =
  | AgentStage
  /** It has not said anything, or not yet. */
  | 'no-agent'
  /** It speaks no version of the protocol that we speak. */
  | 'incompatible'
  /** What it says cannot be read. */
  | 'misbehaving'

/** A guest with a stubdomain. All texts are printable. */
export interface StubdomainInfo {
  /** The guest's. */
  readonly name: string
  /** The guest's. */
  readonly domid: number
  readonly stubdomainDomid: number
  readonly state: StubdomainState
  /** The agent's version. */
  readonly agent?: string
  readonly epoch?: string
  /** What cannot be read, where it misbehaves. */
  readonly misbehaves?: string
}

/** Every guest with a stubdomain. Only looks; makes no control directory. */
export async function listStubdomains(client: XenstoreClient): Promise<StubdomainInfo[]> {
  return windowed(await allPairs(client), pair => describe(client, pair))
}

async function describe(client: XenstoreClient, { name, guest, stubdomain }: NamedPair): Promise<StubdomainInfo> {
  const words = await readWords(client, stubdomain)
  const info = { name, domid: guest, stubdomainDomid: stubdomain }
  const hello = words.hello && decodeHello(words.hello)
  if (hello?.ok) {
    const [said, state] =
      'hello' in hello.value ? [hello.value.hello, 'ready' as const] : [hello.value.foreign, 'incompatible' as const]
    const target = 'target' in said && said.target !== guest ? said.target : undefined
    if (target === undefined) return { ...info, state, agent: printable(said.agent, 64), epoch: said.epoch }
    return { ...info, state: 'misbehaving', misbehaves: wrongTarget(target, guest) }
  }
  if (hello) return { ...info, state: 'misbehaving', misbehaves: hello.error.message }
  const status = words.status && decodeAgentStatus(words.status)
  if (!status) return { ...info, state: 'no-agent' }
  if (!status.ok) return { ...info, state: 'misbehaving', misbehaves: status.error.message }
  const { stage, agent, epoch } = status.value
  // Between a status and its hello there is a moment.
  return { ...info, state: stage === 'ready' ? 'starting' : stage, agent: printable(agent, 64), epoch }
}
