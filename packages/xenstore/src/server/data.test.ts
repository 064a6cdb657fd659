import { describe } from 'vitest'
import { DOMAIN_7 } from './testing/domains.ts'
import { specify } from './testing/specify.ts'

describe('the tree', () => {
  specify(
    'starts as the daemon makes it',
    `
    0  -  list /                   = tool
    0  -  list /tool               = xenstored
    0  -  list /tool/xenstored     =
    0  -  perms /                  = n0
    0  -  perms /tool/xenstored    = n0
    `,
  )

  specify(
    'keeps what is written to it, and creates what is missing above',
    `
    0  -  write /a/b/c one         OK
    0  -  read /a/b/c              = one
    0  -  read /a/b                =
    0  -  list /a                  = b
    0  -  write /a/b/c two         OK
    0  -  read /a/b/c              = two
    0  -  write /a/b/c             OK
    0  -  read /a/b/c              =
    0  -  list /a                  = b
    `,
  )

  specify(
    'has children in the order in which they came',
    `
    0  -  write /a/z 1             OK
    0  -  write /a/m 1             OK
    0  -  write /a/a 1             OK
    0  -  list /a                  = z m a
    0  -  rm /a/m                  OK
    0  -  mkdir /a/m               OK
    0  -  list /a                  = z a m
    `,
  )

  specify(
    'takes relative paths from the home of who asks',
    DOMAIN_7,
    `
    0  -  write x zero             OK
    0  -  read /local/domain/0/x   = zero
    7  -  write data/x seven       OK
    0  -  read /local/domain/7/data/x   = seven
    0b  -  read x                  = zero
    `,
  )
})

describe('mkdir', () => {
  specify(
    'makes an empty node, and leaves an existing one alone',
    `
    0  -  mkdir /a/b               OK
    0  -  read /a/b                =
    0  -  write /a/b 1             OK
    0  -  mkdir /a/b               OK
    0  -  read /a/b                = 1
    0  -  mkdir /                  OK
    `,
  )
})

describe('rm', () => {
  specify(
    'takes everything below with it',
    `
    0  -  write /a/b/c 1           OK
    0  -  write /a/d 1             OK
    0  -  rm /a/b                  OK
    0  -  read /a/b/c              ENOENT
    0  -  read /a/b                ENOENT
    0  -  list /a                  = d
    `,
  )

  specify(
    'of a node that is missing is fine when the one above exists',
    `
    0  -  mkdir /a                 OK
    0  -  rm /a/b                  OK
    0  -  rm /a/b/c                ENOENT
    0  -  rm /nothing              OK
    0  -  rm /nothing/at/all       ENOENT
    `,
  )

  specify(
    'cannot take the root away',
    `
    0  -  rm /                     EINVAL
    0  -  list /                   = tool
    `,
  )
})

describe('a missing node', () => {
  specify(
    'is ENOENT',
    `
    0  -  read /a                  ENOENT
    0  -  list /a                  ENOENT
    0  -  perms /a                 ENOENT
    0  -  chmod /a n0              ENOENT
    0  -  part /a 0                ENOENT
    `,
  )
})

describe('a path', () => {
  specify(
    'is refused when no node can have that name',
    `
    0  -  read /a/                 EINVAL
    0  -  read //a                 EINVAL
    0  -  read /a//b               EINVAL
    0  -  read /a:b                EINVAL
    0  -  read /a.b                EINVAL
    0  -  write /a/ 1              EINVAL
    0  -  write /a:b 1             EINVAL
    0  -  write @releaseDomain 1   EINVAL
    0  -  read @releaseDomain      EINVAL
    0  -  chmod /a:b n0            EINVAL
    0  -  part /a:b 0              EINVAL
    0  -  write /A-z_0@9/x 1       OK
    `,
  )

  specify(
    'has 2048 characters at most, behind the home of a domain where it starts so',
    `
    0  -  write /<2047> 1                       OK
    0  -  write /<2048> 1                       EINVAL
    0  -  write <2048> 1                        OK
    0  -  write <2049> 1                        EINVAL
    0  -  write /local/domain/<2034> 1          OK
    0  -  write /local/domain/<2035> 1          EINVAL
    0  -  write /local/domain/7/<2048> 1        OK
    0  -  write /local/domain/7/<2049> 1        EINVAL
    0  -  write /local/domain/32751/<2048> 1    OK
    0  -  write /local/domain/327510/<2048> 1   EINVAL
    `,
  )
})

describe('a value', () => {
  specify(
    'of dom0 may fill a whole message',
    `
    0  -  write /a <4093>          OK
    0  -  read /a                  = <4093>
    `,
  )
})

describe('an operation', () => {
  specify(
    'that does not exist is ENOSYS, for everybody',
    DOMAIN_7,
    `
    0  -  op 20 x                  ENOSYS
    0  -  op 15 x                  ENOSYS
    0  -  op 16 x                  ENOSYS
    0  -  op 23 x                  ENOSYS
    0  -  op 4294967295 x          ENOSYS
    7  -  op 99 x                  ENOSYS
    7  5  op 99 x                  ENOSYS
    `,
  )

  specify(
    'of CONTROL that is unknown is EINVAL',
    `
    0  -  control no-such-command  EINVAL
    `,
  )
})
