import { XenstoreError, XenstoreReplyError } from '@stubdom/xenstore'
import { AccessError, Dom0Error, NoXenstoreError } from './errors.ts'

/** Says in this package's words what the Xenstore client threw; anything else is passed on as it is. */
export function inOurWords(error: unknown): unknown {
  if (error instanceof Dom0Error || !(error instanceof XenstoreError)) return error
  if (!(error instanceof XenstoreReplyError)) return new NoXenstoreError(error.message, { cause: error })
  const remedy = 'run this in dom0 as root, on the socket that xenstored opens for dom0'
  return new AccessError(`the Xenstore refused ${error.message}`, {
    cause: error,
    ...(error.errno === 'EACCES' ? { remedy } : {}),
  })
}

/** The outcome of `body`; what the Xenstore client throws in it comes out as a Dom0Error. */
export async function translated<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    throw inOurWords(error)
  }
}
