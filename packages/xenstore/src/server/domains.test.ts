import { describe } from 'vitest'
import { DOMAIN_6, DOMAIN_7, STUBDOMAIN } from './testing/domains.ts'
import { specify } from './testing/specify.ts'

const WATCHED = `
  0    -  watch @introduceDomain in        OK       then 0 @introduceDomain in
  0    -  watch @releaseDomain out         OK       then 0 @releaseDomain out
`

describe('INTRODUCE', () => {
  specify(
    'makes a domain of the hypervisor one of the store',
    WATCHED,
    `
    0    -  introduced 7                   = F
    0    -  introduce 7                    EINVAL
    xen  -  create 7                       OK
    0    -  introduced 7                   = F
    0    -  introduce 7 0                  EINVAL
    0    -  introduce 7                    OK       0 @introduceDomain in
    0    -  introduced 7                   = T
    7    -  path 7                         = /local/domain/7
    7    -  path 6                         = /local/domain/6
    `,
  )

  specify(
    'of a domain that is introduced resets its watches and transactions',
    DOMAIN_7,
    WATCHED,
    `
    7    -   watch data t                  OK       then 7 data t
    7    t1  begin                         OK
    0    -   introduce 7                   OK
    7    -   write data/a 1                OK
    7    t1  commit                        ENOENT
    `,
  )
})

describe('domain 0', () => {
  specify(
    'is introduced, and so is whoever asks about himself',
    `
    0    -  introduced 0                   = T
    0    -  introduced 32752               = T
    0    -  introduce 0                    OK
    0    -  path 0                         = /local/domain/0
    `,
  )
})

describe('RELEASE', () => {
  specify(
    'lets a domain go with everything that it owns',
    DOMAIN_7,
    WATCHED,
    `
    7    -  write data/a 1                 OK
    0    -  watch /local/domain/7 t        OK       then 0 /local/domain/7 t
    0b   -  release 7                      OK       0 /local/domain/7/data t; 0 @releaseDomain out
    0    -  introduced 7                   = F
    0    -  release 7                      ENOENT
    0    -  release 0                      EINVAL
    0    -  introduce 7                    OK       0 @introduceDomain in
    `,
  )
})

describe('what only dom0 may do', () => {
  specify(
    'is refused to others',
    DOMAIN_7,
    `
    7    -  introduce 8                    EACCES
    7    -  release 7                      EACCES
    7    -  resume 7                       EACCES
    7    -  target 7 6                     EACCES
    7    -  introduced 7                   EACCES
    7    -  control help                   EACCES
    `,
  )
})

describe('SET_TARGET and RESUME', () => {
  specify(
    'want domains that are introduced',
    DOMAIN_7,
    `
    xen  -  create 6                       OK
    0    -  target 7 6                     ENOENT
    0    -  target 6 7                     ENOENT
    0    -  target 7 9                     ENOENT
    0    -  resume 6                       ENOENT
    0    -  resume 7                       OK
    0    -  resume 0                       EINVAL
    `,
  )
})

describe('the death of a domain', () => {
  specify(
    'takes all its nodes, wherever they are and whatever is below, and is announced after that',
    DOMAIN_7,
    DOMAIN_6,
    WATCHED,
    `
    0    -  mkdir /shared                  OK
    0    -  chmod /shared n0,b7,b6         OK
    7    -  write /shared/seven/a 1        OK
    6    -  write /shared/six 1            OK
    0    -  write /shared/seven/zero 1     OK
    0    -  chmod /shared/seven/zero n0    OK
    0    -  watch /shared t                OK       then 0 /shared t
    0    -  watch /shared/seven/a ta       OK       then 0 /shared/seven/a ta
    0    -  watch /local/domain/7/data td  OK       then 0 /local/domain/7/data td
    xen  -  destroy 7                      OK       0 /local/domain/7/data td; 0 /shared/seven/a ta; 0 /shared/seven t; 0 @releaseDomain out
    0    -  list /shared                   = six
    0    -  list /local/domain/7           =
    0    -  introduced 7                   = F
    0    -  read /local/domain/7/data      ENOENT
    0    -  write /local/domain/7/data 1   OK       0 /local/domain/7/data td
    0    -  perms /local/domain/7/data     = n0 r7
    `,
  )

  specify(
    'of one that was never introduced takes its nodes without an announcement',
    WATCHED,
    `
    xen  -  create 7                       OK
    0    -  write /a/b 1                   OK
    0    -  chmod /a n7                    OK
    0    -  watch /a t                     OK       then 0 /a t
    xen  -  destroy 7                      OK       0 /a t
    0    -  read /a                        ENOENT
    `,
  )

  specify(
    'ends a transaction of another one that had looked at its nodes',
    DOMAIN_7,
    `
    7    -   write data/a 1                OK
    0    t1  begin                         OK
    0    t1  read /local/domain/7/data/a   = 1
    xen  -   destroy 7                     OK
    0    t1  commit                        EAGAIN
    `,
  )

  specify(
    'is not there for the store while it is the target of one that lives',
    STUBDOMAIN,
    WATCHED,
    `
    6    -  write data/a 1                 OK
    xen  -  destroy 6                      OK
    0    -  introduced 6                   = T
    0    -  read /local/domain/6/data/a    = 1
    7    -  read /local/domain/6/data/a    = 1
    0    -  release 6                      EINVAL
    0    -  watch /local/domain t          OK       then 0 /local/domain t
    xen  -  destroy 7                      OK       0 /local/domain/6/data t; 0 @releaseDomain out; 0 /local/domain/7/data t; 0 @releaseDomain out
    0    -  introduced 6                   = F
    `,
  )
})

describe('the shutdown of a domain', () => {
  specify(
    'is announced once, and nothing else happens',
    DOMAIN_7,
    WATCHED,
    `
    7    -  write data/a 1                 OK
    xen  -  shutdown 7                     OK       0 @releaseDomain out
    xen  -  shutdown 7                     OK
    0    -  introduced 7                   = T
    7    -  read data/a                    = 1
    xen  -  destroy 7                      OK       0 @releaseDomain out
    `,
  )

  specify(
    'is none of the business of the store before INTRODUCE',
    WATCHED,
    `
    xen  -  create 7                       OK
    xen  -  shutdown 7                     OK
    `,
  )
})

describe('a domain', () => {
  specify(
    'hears of others only with permission',
    DOMAIN_7,
    `
    7    -  watch @releaseDomain t         OK       then 7 @releaseDomain t
    7    -  watch @introduceDomain t       OK       then 7 @introduceDomain t
    xen  -  create 5                       OK
    0    -  introduce 5                    OK
    0    -  release 5                      OK
    0    -  chmod @releaseDomain n0,r7     OK
    0    -  introduce 5                    OK
    0    -  release 5                      OK       7 @releaseDomain t
    0    -  chmod @introduceDomain n0,r7   OK
    0    -  introduce 5                    OK       7 @introduceDomain t
    0    -  perms @releaseDomain           EINVAL
    `,
  )

  specify(
    'does not inherit that permission from an earlier one',
    DOMAIN_7,
    `
    0    -  chmod @releaseDomain n0,r7     OK
    xen  -  destroy 7                      OK
    `,
    DOMAIN_7,
    DOMAIN_6,
    `
    7    -  watch @releaseDomain t         OK       then 7 @releaseDomain t
    0    -  release 6                      OK
    `,
  )
})
