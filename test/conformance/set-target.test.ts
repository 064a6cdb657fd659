import { describe } from 'vitest'
import { STUBDOMAIN } from './harness/domains.ts'
import { specify } from './harness/specify.ts'

describe('SET_TARGET', () => {
  specify(
    "gives a domain its target's rights, and not the other way round",
    STUBDOMAIN,
    `
    6  -  write data/a 6                       OK
    6  -  write data/mine 6                    OK
    7  -  read /local/domain/6/data/a          = 6
    7  -  write /local/domain/6/data/a 7       OK
    7  -  read /local/domain/6                 =
    7  -  list /local/domain/6/data            = a mine
    7  -  rm /local/domain/6/data/mine         OK
    6  -  read data/a                          = 7
    7  -  write data/x 7                       OK
    6  -  read /local/domain/7/data            EACCES
    6  -  read /local/domain/7/data/x          EACCES
    6  -  write /local/domain/7/data/x 6       EACCES
    `,
  )

  specify(
    'does not make the target own what its stubdomain creates',
    STUBDOMAIN,
    `
    7  -  write /local/domain/6/data/b 7       OK
    # On C a creator owns its node; on oxenstored the owner is inherited.
    0  -  perms /local/domain/6/data/b         = n7 | ocaml: = n6
    6  -  read data/b                          EACCES | ocaml: = 7
    `,
  )

  specify(
    'lets the stubdomain change permissions as its target could, but not take a node over',
    STUBDOMAIN,
    `
    6  -  write data/a 6                       OK
    7  -  chmod /local/domain/6/data/a n6,r7   OK
    0  -  perms /local/domain/6/data/a         = n6 r7
    # C says EPERM for what is not allowed to an owner, oxenstored EACCES.
    7  -  chmod /local/domain/6/data/a n7      EPERM | ocaml: EACCES
    `,
  )

  specify(
    "lets the stubdomain see its target's events",
    STUBDOMAIN,
    `
    7  -  watch /local/domain/6/data t         OK   then 7 /local/domain/6/data t
    6  -  write data/a 1                       OK   7 /local/domain/6/data/a t
    `,
  )

  specify(
    'can be changed',
    STUBDOMAIN,
    `
    xen  -  domain 5                           OK
    5    -  write data/a 5                     OK
    6    -  write data/a 6                     OK
    7    -  read /local/domain/5/data/a        EACCES
    0    -  target 7 5                         OK
    7    -  read /local/domain/5/data/a        = 5
    7    -  read /local/domain/6/data/a        EACCES
    `,
  )

  specify(
    'wants domains that are introduced',
    `
    xen  -  domain 7                           OK
    xen  -  create 6                           OK
    0    -  target 6 7                         ENOENT
    # oxenstored takes any number for the target.
    0    -  target 7 6                         ENOENT | ocaml: OK
    0    -  target 7 9                         ENOENT | ocaml: OK
    `,
  )
})
