import {
  AGENT_STAGES,
  type AgentStage,
  type AgentStatus,
  controlPath,
  decodeAgentStatus,
  decodeHello,
  formatRange,
  type Hello,
  Layout,
  PROTOCOL_VERSIONS,
  printable,
} from '@stubdom/protocol'
import type { XenstoreClient } from '@stubdom/xenstore'
import { merge } from 'rxjs'
import type { Pair } from '../domains/pair.ts'
import { type Dom0Error, DomainError, MisbehavingError, NoAgentError, VersionMismatchError } from '../errors.ts'
import { controlDirectoryAge, ensureControlDirectory } from './directory.ts'

/** Milliseconds for which a control directory that had to be made is given time to be found by the agent. */
export const GREETING_MS_DEFAULT = 2_000

/** Milliseconds between two looks at what an agent says while its hello is waited for. */
const LOOK_PAUSE_MS = 10

/** What an agent said of itself so far. */
interface Words {
  readonly hello: Uint8Array | undefined
  readonly status: Uint8Array | undefined
}

/**
 * The hello of the stubdomain's agent. Makes the control directory if need be, and only then waits.
 * @param report told of misbehaviour that does not keep commands from being given
 * @throws DomainError, NoAgentError, MisbehavingError, VersionMismatchError
 */
export async function greet(
  client: XenstoreClient,
  pair: Pair,
  waitMs: number = GREETING_MS_DEFAULT,
  report: (why: string) => void = () => {},
): Promise<Hello> {
  if (!(await client.isIntroduced(pair.stubdomain))) throw notThere(pair)
  const opened = (how: string): void => report(`it opened its part of the control directory to others (${how})`)
  const [found, early] = await Promise.all([
    ensureControlDirectory(client, pair.stubdomain, opened).catch(async (error: unknown) => {
      // Permissions cannot be given to a domain that has just ended.
      throw (await client.isIntroduced(pair.stubdomain)) ? error : notThere(pair)
    }),
    readWords(client, pair.stubdomain),
  ])
  if (found === 'found' && early.hello) return understood(early.hello, pair)
  // Another process may have made it this very moment: the agent gets the same time from both.
  const age = found === 'made' ? 0 : await controlDirectoryAge(client, pair.stubdomain)
  const words = age < waitMs ? await firstWords(client, pair.stubdomain, waitMs - age) : early
  if (words.hello) return understood(words.hello, pair)
  throw silence(pair.stubdomain, words.status, found === 'made')
}

function notThere({ guest, stubdomain }: Pair): DomainError {
  const remedy = 'if the guest is being created, try again when it has been'
  return new DomainError('no-stubdomain', `stubdomain ${stubdomain} of domain ${guest} is not there`, { remedy })
}

export async function readWords(client: XenstoreClient, stubdomain: number): Promise<Words> {
  const root = controlPath(stubdomain)
  const [hello, status] = await Promise.all([
    client.readIfExists(`${root}/${Layout.hello}`),
    client.readIfExists(`${root}/${Layout.status}`),
  ])
  return { hello, status }
}

/** Waits for a hello, or for a status that says that none is coming. */
function firstWords(client: XenstoreClient, stubdomain: number, waitMs: number): Promise<Words> {
  const root = controlPath(stubdomain)
  return new Promise((resolve, reject) => {
    let latest: Words = { hello: undefined, status: undefined }
    let pause: NodeJS.Timeout | undefined
    const finish = (settle: () => void): void => {
      clearTimeout(timer)
      clearTimeout(pause)
      hints.unsubscribe()
      settle()
    }
    const timer = setTimeout(() => finish(() => resolve(latest)), waitMs)
    let looking: 'no' | 'yes' | 'again' = 'no'
    const look = (): void => {
      if (looking !== 'no') {
        looking = 'again'
        return
      }
      looking = 'yes'
      readWords(client, stubdomain).then(
        words => {
          latest = words
          if (words.hello || saysNever(words.status)) return finish(() => resolve(words))
          // However often it changes them: one look at a time, and a pause before the next.
          pause = setTimeout(() => {
            const again = looking === 'again'
            looking = 'no'
            if (again) look()
          }, LOOK_PAUSE_MS)
        },
        (error: unknown) => finish(() => reject(error)),
      )
    }
    const hints = merge(client.watch(`${root}/${Layout.hello}`), client.watch(`${root}/${Layout.status}`)).subscribe({
      next: look,
      error: (error: unknown) => finish(() => reject(error)),
    })
  })
}

/** Stages that a hello follows on, if all goes well. */
const HOPEFUL: ReadonlySet<AgentStage> = new Set<AgentStage>([
  'starting',
  'reading-config',
  'waiting-devices',
  'starting-qemu',
  'connecting-qemu',
  'ready',
])

function saysNever(bytes: Uint8Array | undefined): boolean {
  const status = bytes && decodeAgentStatus(bytes)
  if (!status) return false
  return !status.ok || !HOPEFUL.has(status.value.stage)
}

function understood(bytes: Uint8Array, { guest, stubdomain }: Pair): Hello {
  const read = decodeHello(bytes)
  if (!read.ok) throw misbehaving(stubdomain, read.error.message)
  if ('foreign' in read.value) {
    const { v, agent } = read.value.foreign
    const ranges = `we speak version ${formatRange(PROTOCOL_VERSIONS)} of the protocol, the agent (${printable(agent, 64)}) in stubdomain ${stubdomain} speaks ${formatRange(v)}`
    const remedy =
      v[0] > PROTOCOL_VERSIONS[1] ? 'update stubdomctl in dom0' : 'update the agent in the stubdomain’s image'
    throw new VersionMismatchError(PROTOCOL_VERSIONS, v, ranges, remedy)
  }
  const { hello } = read.value
  if (hello.target !== guest) {
    throw misbehaving(stubdomain, wrongTarget(hello.target, guest))
  }
  return hello
}

export function wrongTarget(said: number, guest: number): string {
  return `it says that its guest is domain ${said}, but it is domain ${guest}`
}

function misbehaving(stubdomain: number, why: string): MisbehavingError {
  return new MisbehavingError({ stubdomain, why })
}

function silence(stubdomain: number, bytes: Uint8Array | undefined, made: boolean): Dom0Error {
  const where = `no agent is ready in stubdomain ${stubdomain}`
  const status = bytes && decodeAgentStatus(bytes)
  if (status && !status.ok) return misbehaving(stubdomain, status.error.message)
  if (status) return new NoAgentError(`${where}: ${describeStatus(status.value)}`, { remedy: remedyFor(status.value) })
  return new NoAgentError(
    made
      ? `${where}: its control directory was made just now, and nobody answered`
      : `${where}: its control directory is there, and no agent has said anything`,
    { remedy: 'start stubdom-agent in the stubdomain' },
  )
}

/** The stage in our words; the error, if there is one, in the agent's. */
function describeStatus({ stage, error }: AgentStatus): string {
  return error === undefined ? AGENT_STAGES[stage] : `${AGENT_STAGES[stage]} (${printable(error)})`
}

function remedyFor({ stage }: AgentStatus): string {
  switch (stage) {
    case 'starting':
    case 'starting-qemu':
    case 'connecting-qemu':
    case 'ready':
      return 'try again in a moment'
    case 'qemu-silent':
      return 'see whether QEMU in the stubdomain hangs, or whether something else holds its monitor'
    case 'reading-config':
    case 'waiting-devices':
      return 'if it does not go on by itself, see what the toolstack gave the stubdomain'
    case 'qemu-exited':
    case 'qemu-gone':
      return 'see in the stubdomain’s log why QEMU ended'
    case 'stopped':
      return 'start stubdom-agent in the stubdomain again'
  }
}
