import { describe } from 'vitest'
import { DOMAIN_6, DOMAIN_7 } from './harness/domains.ts'
import { specify } from './harness/specify.ts'

describe('who owns a new node', () => {
  specify(
    'is the domain that creates it; the other entries are inherited',
    DOMAIN_7,
    `
    0  -  mkdir /shared                  OK
    0  -  chmod /shared n0,b7            OK
    7  -  write /shared/a/b 1            OK
    # oxenstored inherits the owner, too: dom0 owns what a domain creates in a directory of dom0's.
    0  -  perms /shared/a                = n7 b7 | ocaml: = n0 b7
    0  -  perms /shared/a/b              = n7 b7 | ocaml: = n0 b7
    7  -  write data/x 1                 OK
    7  -  perms data/x                   = n7
    `,
  )

  specify(
    'is the owner of the node above when dom0 creates it',
    DOMAIN_6,
    DOMAIN_7,
    `
    0  -  mkdir /shared                  OK
    0  -  chmod /shared n7,r6            OK
    0  -  write /shared/a/b 1            OK
    0  -  perms /shared/a                = n7 r6
    0  -  perms /shared/a/b              = n7 r6
    7  -  write /shared/a/b 2            OK
    6  -  read /shared/a/b               = 2
    `,
  )
})

describe('access', () => {
  specify(
    'is what the entry of the domain says, or the first one for those without',
    DOMAIN_6,
    DOMAIN_7,
    `
    0  -  write /n 0                     OK
    0  -  write /r 0                     OK
    0  -  write /w 0                     OK
    0  -  write /b 0                     OK
    0  -  chmod /n b0,n7                 OK
    0  -  chmod /r n0,r7                 OK
    0  -  chmod /w n0,w7                 OK
    0  -  chmod /b n0,b7                 OK
    7  -  read /n                        EACCES
    7  -  write /n 1                     EACCES
    6  -  read /n                        = 0
    6  -  write /n 1                     OK
    7  -  read /r                        = 0
    7  -  write /r 1                     EACCES
    7  -  read /w                        EACCES
    7  -  write /w 1                     OK
    7  -  read /b                        = 0
    7  -  write /b 1                     OK
    6  -  read /b                        EACCES
    0  -  read /b                        = 1
    `,
  )

  specify(
    'takes the first entry of several for one domain',
    DOMAIN_7,
    `
    0  -  write /a 0                     OK
    0  -  chmod /a n0,r7,b7              OK
    7  -  read /a                        = 0
    7  -  write /a 1                     EACCES
    `,
  )

  specify(
    'of the owner and of dom0 is complete, whatever the entries say',
    DOMAIN_7,
    `
    7  -  write data/a 1                 OK
    7  -  chmod data/a n7,n7             OK
    7  -  read data/a                    = 1
    7  -  write data/a 2                 OK
    0  -  read /local/domain/7/data/a    = 2
    0  -  write /local/domain/7/data/a 3   OK
    `,
  )

  specify(
    'to a node does not need access to the ones above',
    DOMAIN_7,
    `
    0  -  write /deep/in/the/tree 1      OK
    0  -  chmod /deep/in/the/tree n0,r7  OK
    7  -  read /deep/in/the/tree         = 1
    7  -  read /deep/in/the              EACCES
    7  -  list /deep/in                  EACCES
    7  -  perms /deep/in                 EACCES
    `,
  )

  specify(
    'decides whether a missing node may be known to be missing',
    DOMAIN_7,
    `
    0  -  mkdir /secret                  OK
    0  -  mkdir /open                    OK
    0  -  chmod /open n0,r7              OK
    7  -  read /open/a                   ENOENT
    7  -  read /open/a/b/c               ENOENT
    7  -  list /open/a                   ENOENT
    7  -  read data/a                    ENOENT
    # C asks the nearest existing node above; oxenstored hides nothing.
    7  -  read /secret/a                 EACCES | ocaml: ENOENT
    7  -  read /secret/a/b/c             EACCES | ocaml: ENOENT
    7  -  read /nothing                  EACCES | ocaml: ENOENT
    7  -  write /open/a 1                EACCES
    7  -  mkdir /open/a                  EACCES
    # There is nothing to remove, but C asks for the right first.
    7  -  rm /open/a                     EACCES | ocaml: OK
    7  -  rm data/a                      OK
    7  -  rm data/a/b                    ENOENT
    `,
  )
})

describe('writing without reading', () => {
  specify(
    'lets a domain create, but not look',
    DOMAIN_7,
    `
    0  -  write /a/b 1                   OK
    0  -  chmod /a n0,w7                 OK
    7  -  list /a                        EACCES
    # oxenstored hides nothing, and makes dom0 the owner of a new node here.
    7  -  read /a/c                      EACCES | ocaml: ENOENT
    7  -  write /a/c 1                   OK
    7  -  perms /a/c                     = n7 w7 | ocaml: EACCES
    7  -  mkdir /a                       OK
    7  -  rm /a/d                        OK
    7  -  rm /a/d/e                      ENOENT
    7  -  chmod /a/d n7                  ENOENT
    7  -  rm /a                          OK
    0  -  read /a                        ENOENT
    `,
  )
})

describe('removing', () => {
  specify(
    'needs the right to write the node, and then takes what is below whoever owns it',
    DOMAIN_7,
    `
    0  -  write /shared/private 1        OK
    0  -  chmod /shared n0,b7            OK
    0  -  chmod /shared/private n0       OK
    7  -  read /shared/private           EACCES
    7  -  rm /shared/private             EACCES
    7  -  rm /shared                     OK
    0  -  read /shared/private           ENOENT
    7  -  rm /                           EACCES
    # On oxenstored the special paths are nodes.
    0  -  list /                         = local tool | ocaml: = @introduceDomain @releaseDomain local tool
    `,
  )
})

describe('changing permissions', () => {
  specify(
    'is for the owner and dom0',
    DOMAIN_7,
    `
    0  -  write /a 1                     OK
    0  -  chmod /a n0,b7                 OK
    7  -  chmod /a n0,b7                 EACCES
    7  -  write data/a 1                 OK
    7  -  chmod data/a r7                OK
    7  -  perms data/a                   = r7
    0  -  chmod /local/domain/7/data/a n7,w0   OK
    7  -  perms data/a                   = n7 w0
    `,
  )

  specify(
    'cannot give a node away, unless dom0 does it',
    DOMAIN_6,
    DOMAIN_7,
    `
    7  -  write data/a 1                 OK
    # Different words for the same.
    7  -  chmod data/a n0,b7             EPERM | ocaml: EACCES
    7  -  chmod data/a n6                EPERM | ocaml: EACCES
    0  -  chmod /local/domain/7/data/a n6,r7   OK
    7  -  read data/a                    = 1
    7  -  write data/a 2                 EACCES
    6  -  write /local/domain/7/data/a 3   OK
    `,
  )

  specify(
    'refuses entries that are not of the form',
    `
    0  -  write /a 1                     OK
    0  -  chmod /a x0                    EINVAL
    0  -  chmod /a n                     EINVAL
    0  -  chmod /a n0x                   EINVAL
    0  -  chmod /a n0,q7                 EINVAL
    0  -  perms /a                       = n0
    `,
  )

  specify(
    'takes grants to domains that do not exist',
    `
    0  -  write /a 1                     OK
    0  -  chmod /a n0,r9                 OK
    0  -  perms /a                       = n0 r9
    # C refuses an owner that does not exist.
    0  -  chmod /a n9                    ENOENT | ocaml: OK
    `,
  )
})

describe('a grant', () => {
  specify(
    'to a domain that does not exist yet',
    `
    0    -  write /early 1               OK
    0    -  chmod /early n0,r7           OK
    xen  -  domain 7                     OK
    # On C it is dead, and stays so until it is made again; on oxenstored it is good for any domain of that number.
    7    -  read /early                  EACCES | ocaml: = 1
    0    -  write /early 2               OK
    7    -  read /early                  EACCES | ocaml: = 2
    0    -  write /early/below 1         OK
    0    -  perms /early/below           = n0 r7
    7    -  read /early/below            EACCES | ocaml: = 1
    0    -  chmod /early n0,r7           OK
    7    -  read /early                  = 2
    `,
  )

  specify(
    'to a domain that exists but is not introduced yet is good',
    `
    xen  -  create 7                     OK
    0    -  write /early 1               OK
    0    -  chmod /early n0,r7           OK
    0    -  introduce 7                  OK
    7    -  read /early                  = 1
    `,
  )

  specify(
    'is not inherited by the next domain of that number',
    DOMAIN_7,
    `
    0    -  write /a 1                   OK
    0    -  chmod /a n0,r7               OK
    7    -  read /a                      = 1
    xen  -  destroy 7                    OK
    xen  -  domain 7                     OK
    7    -  read /a                      EACCES
    # C still shows it; oxenstored has taken it away.
    0    -  perms /a                     = n0 r7 | ocaml: = n0
    `,
  )
})
