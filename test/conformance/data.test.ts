import { describe } from 'vitest'
import { specify, specifyOn } from './harness/specify.ts'

describe('READ, WRITE, MKDIR, RM, DIRECTORY', () => {
  specify(
    'values are bytes, and what is missing above a new node is made',
    `
    0   -  write /a/b/c one         OK
    0   -  read /a/b/c              = one
    0   -  read /a/b                =
    0   -  list /a                  = b
    0b  -  write /a/b/c two         OK
    0   -  read /a/b/c              = two
    0   -  write /a/b/c             OK
    0   -  read /a/b/c              =
    0   -  mkdir /a/b/c             OK
    0   -  mkdir /a/d/e             OK
    0   -  read /a/d/e              =
    0   -  list /a                  = b d
    `,
  )

  specify(
    'mkdir leaves an existing node alone',
    `
    0   -  write /a 1               OK
    0   -  mkdir /a                 OK
    0   -  read /a                  = 1
    0   -  mkdir /                  OK
    `,
  )

  specify(
    'rm takes everything below with it',
    `
    0   -  write /a/b/c 1           OK
    0   -  write /a/d 1             OK
    0   -  rm /a/b                  OK
    0   -  read /a/b/c              ENOENT
    0   -  read /a/b                ENOENT
    0   -  list /a                  = d
    `,
  )

  specify(
    'rm of the root',
    `
    0   -  write /a 1               OK
    # oxenstored obeys: everything is gone.
    0   -  rm /                     EINVAL | ocaml: OK
    0   -  read /a                  = 1 | ocaml: ENOENT
    `,
  )

  specify(
    'children come in the order in which they were made',
    `
    0   -  write /a/z 1             OK
    0   -  write /a/m 1             OK
    0   -  write /a/a 1             OK
    # oxenstored keeps them in a map, sorted by name.
    0   -  order /a                 = z m a | ocaml: = a m z
    0   -  rm /a/m                  OK
    0   -  mkdir /a/m               OK
    # The same.
    0   -  order /a                 = z a m | ocaml: = a m z
    `,
  )

  specify(
    'a missing node is ENOENT',
    `
    0   -  read /a                  ENOENT
    0   -  list /a                  ENOENT
    0   -  perms /a                 ENOENT
    0   -  chmod /a n0              ENOENT
    `,
  )

  specify(
    'rm of a missing node is fine when the one above exists',
    `
    0   -  mkdir /a                 OK
    0   -  rm /a/b                  OK
    0   -  rm /nothing              OK
    0   -  rm /a/b/c                ENOENT
    0   -  rm /nothing/at/all       ENOENT
    `,
  )

  specify(
    'relative paths begin at the home of who asks',
    `
    xen  -  domain 7                OK
    0    -  write x zero            OK
    0    -  read /local/domain/0/x  = zero
    0b   -  read x                  = zero
    7    -  write data/x seven      OK
    0    -  read /local/domain/7/data/x   = seven
    7    -  path 7                  = /local/domain/7
    7    -  path 12                 = /local/domain/12
    0    -  path 0                  = /local/domain/0
    `,
  )
})

describe('paths', () => {
  specify(
    'hold letters, digits and - / _ @ only, and no empty name',
    `
    0   -  read /a/                 EINVAL
    0   -  read //a                 EINVAL
    0   -  read /a//b               EINVAL
    0   -  read /a:b                EINVAL
    0   -  read /a.b                EINVAL
    0   -  write /a/ 1              EINVAL
    0   -  write /a:b 1             EINVAL
    0   -  chmod /a:b n0            EINVAL
    0   -  mkdir /a/                EINVAL
    0   -  rm /a/                   EINVAL
    0   -  write /A-z_0@9/x 1       OK
    `,
  )

  specify(
    'that begin with @ are no nodes',
    `
    # On oxenstored they are, below the root.
    0   -  write @releaseDomain 1   EINVAL | ocaml: OK
    0   -  read @releaseDomain      EINVAL | ocaml: = 1
    0   -  perms @releaseDomain     EINVAL | ocaml: = n0
    `,
  )

  specify(
    'have a longest length',
    `
    # 2048 characters on C xenstored, 1024 on oxenstored; a leading /local/domain/<domid>/ is not counted.
    0   -  write /<1023> 1                      OK
    0   -  write /<1024> 1                      OK | ocaml: EINVAL
    0   -  write /<2047> 1                      OK | ocaml: EINVAL
    0   -  write /<2048> 1                      EINVAL
    0   -  write /local/domain/7/<1024> 1       OK
    0   -  write /local/domain/7/<1025> 1       OK | ocaml: EINVAL
    0   -  write /local/domain/7/<2048> 1       OK | ocaml: EINVAL
    0   -  write /local/domain/7/<2049> 1       EINVAL
    0   -  write <2048> 1                       OK | ocaml: EINVAL
    0   -  write <2049> 1                       EINVAL
    0   -  write /local/domain/<2034> 1         OK | ocaml: EINVAL
    0   -  write /local/domain/<2035> 1         EINVAL
    0   -  write /local/domain/32751/<2048> 1   OK | ocaml: EINVAL
    0   -  write /local/domain/327510/<2048> 1  EINVAL
    `,
  )
})

describe('operations', () => {
  specify(
    'that do not exist are ENOSYS for everybody',
    `
    xen  -  domain 7                OK
    0    -  op 15 x                 ENOSYS
    0    -  op 16 x                 ENOSYS
    0    -  op 20 x                 ENOSYS
    0    -  op 23 x                 ENOSYS
    0    -  op 4294967295 x         ENOSYS
    7    -  op 99 x                 ENOSYS
    # oxenstored looks for the transaction first, and takes any command of CONTROL.
    7    5  op 99 x                 ENOSYS | ocaml: EIO
    0    -  control no-such-command   EINVAL | ocaml: OK
    `,
  )

  specify(
    'for dom0 only are EACCES to others',
    `
    xen  -  domain 7                OK
    7    -  introduce 8             EACCES
    7    -  release 7               EACCES
    7    -  resume 7                EACCES
    7    -  target 7 6              EACCES
    7    -  introduced 7            EACCES
    # oxenstored says OK, and does nothing.
    7    -  control help            EACCES | ocaml: OK
    `,
  )
})

describe('a new store', () => {
  specifyOn(
    ['c', 'embedded'],
    'has one branch',
    `
    0   -  list /                   = tool
    0   -  list /tool               = xenstored
    0   -  list /tool/xenstored     =
    0   -  perms /                  = n0
    0   -  perms /tool/xenstored    = n0
    `,
  )

  specifyOn(
    ['ocaml'],
    'has nodes for the special paths, too',
    `
    0   -  list /                   = @introduceDomain @releaseDomain local tool
    0   -  list /tool               = xenstored
    0   -  list /local              =
    `,
  )
})
