import { describe } from 'vitest'
import { DOMAIN_6, DOMAIN_7, STUBDOMAIN } from './testing/domains.ts'
import { specify } from './testing/specify.ts'

describe('who owns a new node', () => {
  specify(
    'is the domain that creates it; the other entries are inherited',
    DOMAIN_7,
    `
    0  -  mkdir /shared                  OK
    0  -  chmod /shared n0,b7            OK
    7  -  write /shared/a/b 1            OK
    0  -  perms /shared/a                = n7 b7
    0  -  perms /shared/a/b              = n7 b7
    `,
  )

  specify(
    'is the owner of the node above when dom0 creates it',
    DOMAIN_7,
    DOMAIN_6,
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
    DOMAIN_7,
    DOMAIN_6,
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
    `,
  )

  specify(
    'decides whether a missing node may be known to be missing: the nearest existing one above is asked',
    DOMAIN_7,
    `
    0  -  mkdir /secret                  OK
    0  -  mkdir /open                    OK
    0  -  chmod /open n0,r7              OK
    7  -  read /secret/a                 EACCES
    7  -  read /secret/a/b/c             EACCES
    7  -  read /nothing                  EACCES
    7  -  read /open/a                   ENOENT
    7  -  read /open/a/b/c               ENOENT
    7  -  list /open/a                   ENOENT
    7  -  write /open/a 1                EACCES
    7  -  mkdir /open/a                  EACCES
    7  -  rm /open/a                     EACCES
    7  -  read data/a                    ENOENT
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
    7  -  read /a/c                      EACCES
    7  -  list /a                        EACCES
    7  -  write /a/c 1                   OK
    7  -  perms /a/c                     = n7 w7
    7  -  mkdir /a                       OK
    7  -  rm /a/d                        OK
    7  -  rm /a/d/e                      ENOENT
    7  -  chmod /a/d n7                  ENOENT
    7  -  rm /a                          OK
    7  -  rm /                           EACCES
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
    7  -  read /shared/private           EACCES
    7  -  rm /shared/private             EACCES
    7  -  rm /shared                     OK
    0  -  read /shared/private           ENOENT
    0  -  list /                         = tool local
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
    DOMAIN_7,
    DOMAIN_6,
    `
    7  -  write data/a 1                 OK
    7  -  chmod data/a n0,b7             EPERM
    7  -  chmod data/a n6                EPERM
    0  -  chmod /local/domain/7/data/a n6,r7   OK
    7  -  read data/a                    = 1
    7  -  write data/a 2                 EACCES
    6  -  write /local/domain/7/data/a 3   OK
    `,
  )

  specify(
    'refuses entries that are not of the form',
    DOMAIN_7,
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
    'refuses an owner that does not exist, and takes grants to those that do not',
    `
    0  -  write /a 1                     OK
    0  -  chmod /a n9                    ENOENT
    0  -  chmod /a n0,r9                 OK
    0  -  perms /a                       = n0 r9
    `,
  )
})

describe('a grant', () => {
  specify(
    'to a domain that does not exist yet is dead, and stays so',
    `
    0    -  write /early 1               OK
    0    -  chmod /early n0,r7           OK
    `,
    DOMAIN_7,
    `
    7    -  read /early                  EACCES
    0    -  write /early 2               OK
    7    -  read /early                  EACCES
    0    -  write /early/below 1         OK
    0    -  perms /early/below           = n0 r7
    7    -  read /early/below            EACCES
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
    `,
    DOMAIN_7,
    `
    0    -  perms /a                     = n0 r7
    7    -  read /a                      EACCES
    `,
  )
})

describe('a stubdomain', () => {
  specify(
    'has the rights of its target besides its own, but owns what it creates',
    STUBDOMAIN,
    `
    6  -  write data/a 6                 OK
    7  -  read /local/domain/6/data/a    = 6
    7  -  write /local/domain/6/data/a 7   OK
    7  -  write /local/domain/6/data/b 7   OK
    0  -  perms /local/domain/6/data/b   = n7
    7  -  read /local/domain/6           =
    7  -  chmod /local/domain/6/data/a n6,r7   OK
    7  -  chmod /local/domain/6/data/a n7   EPERM
    6  -  read /local/domain/6/data/b    EACCES
    6  -  read /local/domain/7/data      EACCES
    `,
  )
})
