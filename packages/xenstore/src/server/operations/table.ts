import { Op } from '../../wire/messages.ts'
import { Refusal } from '../refusal.ts'
import type { Reply, Request } from '../request.ts'
import * as directory from './directory.ts'
import * as domain from './domain.ts'
import * as node from './node.ts'
import * as permissions from './permissions.ts'
import * as transaction from './transaction.ts'
import * as watch from './watch.ts'

export interface Operation {
  readonly run: (request: Request) => Reply
  /** Domain 0 only: EACCES for others. */
  readonly privileged?: true
  /** The header's transaction is of no interest. */
  readonly outsideTransactions?: true
}

/** Of all commands of CONTROL there is none that makes sense here; xenstored answers EINVAL to one that it does not know. */
const noSuchCommand = (): never => {
  throw new Refusal('EINVAL')
}

/** What is not in here is answered with ENOSYS. */
export const OPERATIONS: ReadonlyMap<number, Operation> = new Map<number, Operation>([
  [Op.CONTROL, { run: noSuchCommand, privileged: true }],
  [Op.DIRECTORY, { run: directory.directory }],
  [Op.DIRECTORY_PART, { run: directory.directoryPart }],
  [Op.READ, { run: node.read }],
  [Op.WRITE, { run: node.write }],
  [Op.MKDIR, { run: node.mkdir }],
  [Op.RM, { run: node.rm }],
  [Op.GET_PERMS, { run: permissions.getPerms }],
  [Op.SET_PERMS, { run: permissions.setPerms }],
  [Op.WATCH, { run: watch.watch, outsideTransactions: true }],
  [Op.UNWATCH, { run: watch.unwatch, outsideTransactions: true }],
  [Op.RESET_WATCHES, { run: watch.resetWatches }],
  [Op.TRANSACTION_START, { run: transaction.transactionStart }],
  [Op.TRANSACTION_END, { run: transaction.transactionEnd }],
  [Op.INTRODUCE, { run: domain.introduce, privileged: true }],
  [Op.RELEASE, { run: domain.release, privileged: true }],
  [Op.RESUME, { run: domain.resume, privileged: true }],
  [Op.SET_TARGET, { run: domain.setTarget, privileged: true }],
  [Op.IS_DOMAIN_INTRODUCED, { run: domain.isDomainIntroduced, privileged: true }],
  [Op.GET_DOMAIN_PATH, { run: domain.getDomainPath }],
])
