/** The error names a Xenstore sends. Source: xs_wire.h's xsd_errors; EQUOTA is oxenstored's own. */
const ERRNO_NAMES = [
  'EINVAL',
  'EACCES',
  'EEXIST',
  'EISDIR',
  'ENOENT',
  'ENOMEM',
  'ENOSPC',
  'EIO',
  'ENOTEMPTY',
  'ENOSYS',
  'EROFS',
  'EBUSY',
  'EAGAIN',
  'EISCONN',
  'E2BIG',
  'EPERM',
  'EQUOTA',
] as const

export type ErrnoName = (typeof ERRNO_NAMES)[number]

export function isErrnoName(text: string): text is ErrnoName {
  return (ERRNO_NAMES as readonly string[]).includes(text)
}
