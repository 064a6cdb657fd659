import { pathProblem } from '../wire/path.ts'
import { Refusal } from './refusal.ts'
import type { Session } from './session.ts'
import type { Store } from './store.ts'
import { decodeOnlyString, encodeStrings } from './text.ts'
import type { Transaction } from './transaction.ts'
import type { View } from './view.ts'

/** One request, as an operation sees it. */
export interface Request {
  readonly store: Store
  readonly session: Session
  readonly transactionId: number
  /** The transaction that it belongs to, if it belongs to one. */
  readonly transaction: Transaction | undefined
  /** That transaction, or the tree itself. */
  readonly view: View
  readonly payload: Buffer
}

/** The reply's payload; `afterwards` runs when the reply has been queued. */
export type Reply = Buffer | { readonly payload: Buffer; readonly afterwards: () => void }

export const OK = encodeStrings('OK')

/** @throws Refusal EINVAL unless the payload is one string */
export function onlyString({ payload }: Request): string {
  const text = decodeOnlyString(payload)
  if (text === undefined) throw new Refusal('EINVAL')
  return text
}

/** @throws Refusal EINVAL unless the payload is the path of a node */
export function onlyPath(request: Request): string {
  return nodePath(request, onlyString(request))
}

/** @throws Refusal EINVAL when it cannot be a node's path */
export function nodePath({ session, store }: Request, text: string): string {
  const path = absolute(session, text)
  const limit = store.quotas.pathBytes + (/^\/local\/domain\/\d{1,5}\//.exec(path)?.[0].length ?? 0)
  if (!path.startsWith('/') || pathProblem(path) !== undefined || path.length > limit) throw new Refusal('EINVAL')
  return path
}

/** A path as it is stored: relative ones are relative to the caller's home. */
export function absolute(session: Session, text: string): string {
  return isRelative(text) ? `${session.home}/${text}` : text
}

export function isRelative(text: string): boolean {
  return !/^[/@]/.test(text)
}
