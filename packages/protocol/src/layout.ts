/**
 * Where everything stands. S is the domid of the stubdomain.
 *
 *     /local/domain/<S>/dm-control            n0,r<S>   made by dom0
 *       dom0                                  n0,r<S>   dom0's processes write
 *         made
 *         request/<command>/<id>
 *         part/<id>/<pp>
 *       stubdom                               n<S>,r0   the agent writes; the stubdomain owns it and pays for it
 *         hello  status  refused
 *         response/<command>/<id>
 *         part/<id>/<pp>
 *         event/<n>
 */

/** A command's name as a node's name: what may stand in `request/<command>`. */
export const COMMAND_NAME = /^[a-z][a-z0-9-]{0,31}$/

export function isCommandName(text: string): boolean {
  return COMMAND_NAME.test(text)
}

/** The absolute path of a stubdomain's control directory. */
export function controlPath(stubdomainDomid: number): string {
  return `/local/domain/${stubdomainDomid}/dm-control`
}

/** Paths relative to the control directory; an agent may use them relative to its own domain. */
export const Layout = {
  dom0: 'dom0',
  made: 'dom0/made',
  requests: 'dom0/request',
  requestsOf: (command: string) => `dom0/request/${command}`,
  request: (command: string, id: string) => `dom0/request/${command}/${id}`,
  requestPartsRoot: 'dom0/part',
  requestParts: (id: string) => `dom0/part/${id}`,
  requestPart: (id: string, index: number) => `dom0/part/${id}/${partName(index)}`,

  stubdom: 'stubdom',
  hello: 'stubdom/hello',
  status: 'stubdom/status',
  refused: 'stubdom/refused',
  responses: 'stubdom/response',
  responsesOf: (command: string) => `stubdom/response/${command}`,
  response: (command: string, id: string) => `stubdom/response/${command}/${id}`,
  responsePartsRoot: 'stubdom/part',
  responseParts: (id: string) => `stubdom/part/${id}`,
  responsePart: (id: string, index: number) => `stubdom/part/${id}/${partName(index)}`,
  events: 'stubdom/event',
  event: (slot: number) => `stubdom/event/${slot}`,
} as const

/** Two base-36 characters, so that the names of 138 parts fit into their directory's share of a node. */
export function partName(index: number): string {
  return index.toString(36).padStart(2, '0')
}

/** What a path below the control directory names, as far as a watcher of one side cares. */
export type NodeName =
  | { readonly kind: 'request' | 'response'; readonly command: string; readonly id: string }
  | { readonly kind: 'requests-of' | 'responses-of'; readonly command: string }
  | { readonly kind: 'made' | 'part' | 'hello' | 'status' | 'refused' | 'event' | 'other' }

/** @param path relative to the control directory: `dom0/request/ping/0mhx…` */
export function parseNodeName(path: string): NodeName {
  const [side, branch, command, id, ...rest] = path.split('/')
  const kind =
    side === 'dom0' && branch === 'request'
      ? 'request'
      : side === 'stubdom' && branch === 'response'
        ? 'response'
        : undefined
  if (kind && command !== undefined && rest.length === 0) {
    return id === undefined ? { kind: `${kind}s-of`, command } : { kind, command, id }
  }
  if (branch === 'part') return { kind: 'part' }
  if (path === Layout.made) return { kind: 'made' }
  if (side === 'stubdom' && (branch === 'hello' || branch === 'status' || branch === 'refused' || branch === 'event')) {
    return { kind: branch }
  }
  return { kind: 'other' }
}
