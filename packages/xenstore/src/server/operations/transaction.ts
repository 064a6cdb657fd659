/** TRANSACTION_START and TRANSACTION_END. */

import { Refusal } from '../refusal.ts'
import { OK, onlyString, type Reply, type Request } from '../request.ts'
import { encodeStrings } from '../text.ts'
import { Transaction } from '../transaction.ts'

export function transactionStart({ session, store, transaction }: Request): Reply {
  if (transaction) throw new Refusal('EBUSY')
  const { quotas, tree, watches } = store
  if (!session.privileged && session.transactions.size > quotas.transactions) throw new Refusal('ENOSPC')
  const id = session.nextTransactionId()
  const nodesMax = session.privileged ? Number.POSITIVE_INFINITY : quotas.transactionNodes
  session.transactions.set(id, new Transaction(tree, watches, nodesMax))
  return encodeStrings(`${id}`)
}

/** Whatever comes of it, the transaction is over. */
export function transactionEnd(request: Request): Reply {
  const { session, store, transaction, transactionId } = request
  const verdict = onlyString(request)
  if (verdict !== 'T' && verdict !== 'F') throw new Refusal('EINVAL')
  if (!transaction) throw new Refusal('ENOENT')
  session.transactions.delete(transactionId)
  if (verdict === 'T') transaction.commit(session.privileged ? undefined : store.quotas.nodes)
  return OK
}
