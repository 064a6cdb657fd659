/** What dom0 tells and asks about domains: INTRODUCE, RELEASE, RESUME, SET_TARGET, IS_DOMAIN_INTRODUCED; GET_DOMAIN_PATH. */

import { Refusal } from '../refusal.ts'
import { OK, onlyString, type Reply, type Request } from '../request.ts'
import { decodeNumber, decodeStrings, encodeStrings } from '../text.ts'

/** The number by which a domain means itself. */
const DOMID_SELF = 0x7ff0

/** Domid, frame of the ring (unused), event channel port. */
export function introduce(request: Request): Reply {
  const [domid, , port] = decodeStrings(request.payload)
  if (port === undefined || (decodeNumber(port) | 0) <= 0) throw new Refusal('EINVAL')
  request.store.domains.introduce(decodeNumber(domid))
  return OK
}

export function release(request: Request): Reply {
  request.store.domains.release(guest(request))
  return OK
}

export function resume(request: Request): Reply {
  request.store.domains.resume(guest(request))
  return OK
}

export function setTarget(request: Request): Reply {
  const [domid, target] = decodeStrings(request.payload)
  if (target === undefined) throw new Refusal('EINVAL')
  request.store.domains.setTarget(decodeNumber(domid), decodeNumber(target))
  return OK
}

export function isDomainIntroduced(request: Request): Reply {
  const domid = decodeNumber(onlyString(request))
  return encodeStrings(domid === DOMID_SELF || request.store.domains.isIntroduced(domid) ? 'T' : 'F')
}

export function getDomainPath(request: Request): Reply {
  return encodeStrings(`/local/domain/${decodeNumber(onlyString(request))}`)
}

function guest(request: Request): number {
  const domid = decodeNumber(onlyString(request))
  if (domid === 0) throw new Refusal('EINVAL')
  return domid
}
