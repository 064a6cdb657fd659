/** What a client asks of QEMU. */
export interface FrontCommand {
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
  /** As the client gave it: any JSON value; undefined: none. */
  readonly id: unknown
}

/**
 * What carries a command out in QEMU's place; undefined: the command is QEMU's. It resolves with what is to be returned; what it rejects with becomes QMP's error.
 * Its signal aborts when the client is gone.
 */
export type Intercept = (command: FrontCommand) => ((signal: AbortSignal) => Promise<unknown>) | undefined

/** The command in one JSON value; undefined for anything that QEMU should judge itself. */
export function commandIn(bytes: Buffer): FrontCommand | undefined {
  const message = parse(bytes)
  if (!isObject(message) || typeof message['execute'] !== 'string') return undefined
  const { execute: name, arguments: args = {}, id } = message
  return isObject(args) ? { name: name as string, args, id } : undefined
}

/** What a line of QEMU's says. */
export function saidIn(line: Buffer): 'return' | 'error' | 'event' | 'other' {
  const message = parse(line)
  if (!isObject(message)) return 'other'
  if ('event' in message) return 'event'
  return 'return' in message ? 'return' : 'error' in message ? 'error' : 'other'
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
