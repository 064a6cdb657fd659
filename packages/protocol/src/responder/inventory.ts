import {
  decodeOwnResponse,
  type FinalResponse,
  isFinal,
  isResponseHead,
  type PendingResponse,
} from '../messages/response.ts'
import type { EntryIn } from './entry.ts'
import { type CommandKey, keyOf, type ResponderEffect, type ResponderInput } from './io.ts'

/** What an agent finds when it starts, sorted out. */
export interface Inventory {
  /** Answers that dom0 has not collected. */
  readonly answered: readonly EntryIn<'answered'>[]
  /** Commands that an earlier agent left half-way, or whose answer cannot be read. */
  readonly interrupted: readonly (CommandKey & { readonly left: PendingResponse | undefined })[]
  /** Requests that nobody touched, in the order of their making: found together, that is the best order there is. */
  readonly fresh: readonly CommandKey[]
  /** Removes what belongs to no request. */
  readonly cleanUp: readonly ResponderEffect[]
}

/** Sorts out requests and what an earlier agent left. */
export function takeInventory(found: Extract<ResponderInput, { on: 'started' }>): Inventory {
  const asked = new Set(found.requests.map(keyOf))
  const withParts = new Set(found.responseParts)
  const answered: EntryIn<'answered'>[] = []
  const interrupted: (CommandKey & { left: PendingResponse | undefined })[] = []
  const cleanUp: ResponderEffect[] = []
  for (const { command, id, bytes } of found.responses) {
    const parts = withParts.delete(id)
    if (!asked.delete(keyOf({ command, id }))) {
      cleanUp.push({ do: 'remove-response', command, id, parts, directory: false })
      continue
    }
    const own = bytes && decodeOwnResponse('own response', bytes)
    const node = own?.ok ? own.value : undefined
    if (node && (isResponseHead(node) || isFinal(node))) {
      answered.push({
        command,
        id,
        state: 'answered',
        parts,
        response: isResponseHead(node) ? undefined : (node as FinalResponse),
      })
    } else {
      if (parts) cleanUp.push({ do: 'remove-parts', id })
      interrupted.push({ command, id, left: node })
    }
  }
  for (const id of withParts) cleanUp.push({ do: 'remove-parts', id })
  const fresh = found.requests.filter(key => asked.has(keyOf(key))).toSorted((a, b) => (a.id < b.id ? -1 : 1))
  return { answered, interrupted, fresh, cleanUp }
}
