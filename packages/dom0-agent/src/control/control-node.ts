import {
  commandDefinition,
  decodeAgentStatus,
  decodeEvent,
  decodeHello,
  decodeMade,
  decodeRefused,
  decodeRequestNode,
  decodeResponseNode,
  encodeJson,
  formatRange,
  idTime,
  isCommandId,
  isRequestHead,
  isResponseHead,
  parseNodeName,
  printable,
  type Response,
} from '@stubdom/protocol'

/** A node of a control directory, as a person wants to see it. All texts are printable. */
export interface ControlNode {
  /** Relative to the control directory. */
  readonly path: string
  readonly writer: 'dom0' | 'stubdomain'
  /** Of which state it speaks, in one word or two: `waiting`, `running`, `done`, `failed`, `undecodable`, … */
  readonly state: string
  /** Milliseconds since its command was given, where it belongs to one. */
  readonly ageMs?: number
  /** What it says. */
  readonly text: string
}

const TEXT_MAX = 100

/** A node that has a value and nothing below it; undefined for an empty directory. */
export function readNode(path: string, bytes: Uint8Array, now: number): ControlNode | undefined {
  const name = parseNodeName(path)
  if (bytes.length === 0 && !('id' in name) && name.kind !== 'hello' && name.kind !== 'status') return undefined
  const read = describe(path, bytes)
  const [state, text] = 'reason' in read ? ['undecodable', `${read.reason}: ${raw(bytes)}`] : read
  return { ...common(path, now), state, text: printable(text, 2 * TEXT_MAX) }
}

/** The continuation of a message. */
export function partsNode(path: string, count: number, now: number): ControlNode {
  return { ...common(path, now), state: 'parts', text: `${count} ${count === 1 ? 'part' : 'parts'}` }
}

/** A place of which no more can be said than why. */
export function unreadableNode(path: string, reason: string): ControlNode {
  return { ...common(path, undefined), state: 'unreadable', text: printable(reason, 2 * TEXT_MAX) }
}

function common(path: string, now: number | undefined): Pick<ControlNode, 'path' | 'writer' | 'ageMs'> {
  const id = path.split('/').at(-1) ?? ''
  const age = now !== undefined && isCommandId(id) ? { ageMs: Math.max(0, now - idTime(id)) } : {}
  return { path: printable(path, TEXT_MAX), writer: path.startsWith('dom0') ? 'dom0' : 'stubdomain', ...age }
}

type Description = readonly [state: string, text: string]

/** As a DecodeError says it. */
interface Undecodable {
  readonly reason: string
}

function describe(path: string, bytes: Uint8Array): Description | Undecodable {
  const name = parseNodeName(path)
  switch (name.kind) {
    case 'made': {
      const made = decodeMade(bytes)
      return made.ok ? ['made', new Date(made.value.at).toISOString()] : made.error
    }
    case 'request':
      return describeRequest(bytes)
    case 'response':
      return describeResponse(name.command, bytes)
    case 'hello': {
      const hello = decodeHello(bytes)
      if (!hello.ok) return hello.error
      if ('foreign' in hello.value) {
        const { agent, v } = hello.value.foreign
        return ['incompatible', `agent ${agent}, protocol ${formatRange(v)}`]
      }
      const { agent, v, epoch, deviceModel } = hello.value.hello
      return ['ready', `agent ${agent}, protocol ${formatRange(v)}, epoch ${epoch}, QEMU ${deviceModel.version}`]
    }
    case 'status': {
      const status = decodeAgentStatus(bytes)
      if (!status.ok) return status.error
      const { agent, epoch, stage, error } = status.value
      return [stage, `agent ${agent}, epoch ${epoch}${error === undefined ? '' : `: ${error}`}`]
    }
    case 'refused': {
      const refused = decodeRefused(bytes)
      if (!refused.ok) return refused.error
      const entries = refused.value.refused.map(({ command, id, code }) => `${command}/${id} ${code}`)
      return [`${entries.length} refused`, entries.join(', ')]
    }
    case 'event': {
      const event = decodeEvent(bytes)
      if (!event.ok) return event.error
      const { seq, event: what, device, reason } = event.value
      return ['event', [`${seq}: ${what}`, device, reason].filter(Boolean).join(' ')]
    }
    default:
      return ['unknown', `no node of the protocol: ${raw(bytes)}`]
  }
}

function describeRequest(bytes: Uint8Array): Description | Undecodable {
  const request = decodeRequestNode('request', bytes)
  if (!request.ok) return request.error
  const state = request.value.cancel ? 'cancelled' : 'asked'
  if (isRequestHead(request.value)) return [state, `in ${request.value.parts} parts`]
  const { args, epoch, deadlineMs } = request.value
  return [state, `${encodeJson(args)}, epoch ${epoch}, deadline ${deadlineMs} ms`]
}

function describeResponse(command: string, bytes: Uint8Array): Description | Undecodable {
  const definition = commandDefinition(command)
  if (!definition) return ['unknown', `an answer to a command that we do not know: ${raw(bytes)}`]
  const response = decodeResponseNode('response', definition, bytes)
  if (!response.ok) return response.error
  if (isResponseHead(response.value)) return ['done', `in ${response.value.parts} parts`]
  return [response.value.state, describeState(response.value)]
}

function describeState(response: Response): string {
  switch (response.state) {
    case 'done':
      return `${encodeJson(response.result)}${response.reconciled ? ', reconciled' : ''}`
    case 'failed':
      return `${response.error.code} (${response.error.outcome}): ${response.error.message}`
    case 'cancelled':
      return ''
    default:
      return [response.stage, response.overdue && 'overdue', response.cancel && `cancel ${response.cancel}`]
        .filter(Boolean)
        .join(', ')
  }
}

function raw(bytes: Uint8Array): string {
  return printable(Buffer.from(bytes).toString('utf8'), TEXT_MAX)
}
