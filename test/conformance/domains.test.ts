import { describe } from 'vitest'
import { specify, specifyOn } from './harness/specify.ts'

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
    0    -  introduce 7                    OK       0 @introduceDomain in
    0    -  introduced 7                   = T
    7    -  path 7                         = /local/domain/7
    `,
  )

  specify(
    'of a domain that is introduced resets its watches and transactions',
    `
    xen  -   domain 7                      OK
    `,
    WATCHED,
    `
    7    -   watch data t                  OK       then 7 data t
    7    t1  begin                         OK
    0    -   introduce 7                   OK
    # On oxenstored they stay.
    7    -   write data/a 1                OK      none | ocaml: 7 data/a t
    7    t1  commit                        ENOENT | ocaml: OK
    `,
  )

  specify(
    'wants an event channel',
    `
    xen  -  create 7                       OK
    # oxenstored finds out later.
    0    -  introduce 7 0                  EINVAL | ocaml: OK
    0    -  introduced 7                   = F | ocaml: = T
    `,
  )

  specify(
    'has been done for whoever asks about himself',
    `
    0    -  introduced 32752               = T
    `,
  )

  specify(
    'is not needed for domain 0',
    `
    0    -  introduced 0                   = T
    # oxenstored refuses to do it again.
    0    -  introduce 0                    OK | ocaml: EINVAL
    `,
  )
})

describe('RELEASE', () => {
  specify(
    'lets a domain go with everything that it owns',
    `
    xen  -  domain 7                       OK
    `,
    WATCHED,
    `
    7    -  write data/a 1                 OK
    0    -  watch /local/domain/7 t        OK       then 0 /local/domain/7 t
    # oxenstored removes the nodes without events.
    0b   -  release 7                      OK       0 /local/domain/7/data t; 0 @releaseDomain out | ocaml: 0 @releaseDomain out
    0    -  introduced 7                   = F
    0    -  read /local/domain/7/data      ENOENT
    # Different words for the same.
    0    -  release 7                      ENOENT | ocaml: EINVAL
    0    -  introduce 7                    OK       0 @introduceDomain in
    `,
  )

  specify(
    'wants a domain that is introduced',
    `
    xen  -  create 7                       OK
    # Different words for the same.
    0    -  release 7                      ENOENT | ocaml: EINVAL
    0    -  release 9                      ENOENT | ocaml: EINVAL
    `,
  )

  specifyOn(
    ['c', 'embedded'],
    'is not for domain 0',
    `
    0    -  release 0                      EINVAL
    0    -  resume 0                       EINVAL
    `,
  )
})

describe('RESUME', () => {
  specify(
    'wants a domain that is introduced',
    `
    xen  -  domain 7                       OK
    xen  -  create 6                       OK
    # Different words for the same.
    0    -  resume 6                       ENOENT | ocaml: EINVAL
    0    -  resume 7                       OK
    `,
  )
})

describe('the death of a domain', () => {
  specify(
    'takes its nodes, and is announced after that',
    `
    xen  -  domain 7                       OK
    `,
    WATCHED,
    `
    7    -  write data/a 1                 OK
    0    -  watch /local/domain/7 t        OK       then 0 /local/domain/7 t
    # oxenstored removes the nodes without events.
    xen  -  destroy 7                      OK       0 /local/domain/7/data t; 0 @releaseDomain out | ocaml: 0 @releaseDomain out
    0    -  introduced 7                   = F
    0    -  read /local/domain/7/data      ENOENT
    0    -  read /local/domain/7           =
    `,
  )

  specify(
    'takes all its nodes wherever they are, and whatever is below',
    `
    xen  -  domain 6                       OK
    xen  -  domain 7                       OK
    `,
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
    # oxenstored removes the nodes without events; and what 7 created in /shared was never its own, but dom0's.
    xen  -  destroy 7                      OK       0 /local/domain/7/data td; 0 /shared/seven/a ta; 0 /shared/seven t; 0 @releaseDomain out | ocaml: 0 @releaseDomain out
    0    -  list /shared                   = six | ocaml: = seven six
    0    -  list /local/domain/7           =
    0    -  introduced 7                   = F
    # C still shows the dead domain's grants, which are worth nothing; oxenstored takes them away.
    0    -  write /local/domain/7/data 1   OK       0 /local/domain/7/data td
    0    -  perms /local/domain/7/data     = n0 r7 | ocaml: = n0
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
    # oxenstored does not know it, and leaves the nodes.
    xen  -  destroy 7                      OK       0 /a t | ocaml: none
    0    -  read /a                        ENOENT | ocaml: =
    `,
  )

  specify(
    'ends a transaction that had looked at its nodes',
    `
    xen  -   domain 7                      OK
    7    -   write data/a 1                OK
    0    t1  begin                         OK
    0    t1  read /local/domain/7/data/a   = 1
    xen  -   destroy 7                     OK
    # oxenstored sees no conflict, as nothing was written.
    0    t1  commit                        EAGAIN | ocaml: OK
    `,
  )

  specify(
    'is not there for the store while it is the target of one that lives',
    `
    xen  -  domain 6                       OK
    xen  -  domain 7                       OK
    0    -  target 7 6                     OK
    6    -  write data/a 1                 OK
    `,
    WATCHED,
    `
    # oxenstored does not let it linger, and removes nodes without events.
    xen  -  destroy 6                      OK       none | ocaml: 0 @releaseDomain out
    0    -  introduced 6                   = T | ocaml: = F
    0    -  read /local/domain/6/data/a    = 1 | ocaml: ENOENT
    7    -  read /local/domain/6/data/a    = 1 | ocaml: ENOENT
    0    -  release 6                      EINVAL
    0    -  watch /local/domain t          OK       then 0 /local/domain t
    xen  -  destroy 7                      OK       0 /local/domain/6/data t; 0 @releaseDomain out; 0 /local/domain/7/data t; 0 @releaseDomain out | ocaml: 0 @releaseDomain out
    0    -  introduced 6                   = F
    `,
  )
})

describe('the shutdown of a domain', () => {
  specify(
    'is announced once, and nothing else happens',
    `
    xen  -  domain 7                       OK
    `,
    WATCHED,
    `
    7    -  write data/a 1                 OK
    xen  -  shutdown 7                     OK       0 @releaseDomain out
    # oxenstored says it again whenever it is told that something has changed.
    xen  -  shutdown 7                     OK       none | ocaml: 0 @releaseDomain out
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

describe('@introduceDomain and @releaseDomain', () => {
  specify(
    'are for those that dom0 lets watch them',
    `
    xen  -  domain 7                       OK
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
    `,
  )

  specify(
    'are not inherited by the next domain of that number',
    `
    xen  -  domain 7                       OK
    0    -  chmod @releaseDomain n0,r7     OK
    xen  -  destroy 7                      OK
    xen  -  domain 7                       OK
    xen  -  domain 6                       OK
    7    -  watch @releaseDomain t         OK       then 7 @releaseDomain t
    0    -  release 6                      OK
    `,
  )
})
