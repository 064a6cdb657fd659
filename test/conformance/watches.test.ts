import { describe } from 'vitest'
import { DOMAIN_6, DOMAIN_7 } from './harness/domains.ts'
import { specify, specifyOn } from './harness/specify.ts'

describe('a watch', () => {
  specify(
    'fires once when it is registered, whether or not there is such a node',
    `
    0  -  watch /a t             OK       then 0 /a t
    0  -  watch / t              OK       then 0 / t
    0  -  watch rel t            OK       then 0 rel t
    `,
  )

  specify(
    'fires for its node and everything below: created, written, given other permissions, removed',
    `
    0  -  watch /a t             OK       then 0 /a t
    0  -  mkdir /a               OK       0 /a t
    0  -  write /a/b 1           OK       0 /a/b t
    0  -  write /a/b 1           OK       0 /a/b t
    0  -  mkdir /a/b             OK
    0  -  chmod /a/b n0          OK       0 /a/b t
    0  -  write /a/c/d/e 1       OK       0 /a/c/d/e t
    0  -  write /ab 1            OK
    0  -  rm /a/b                OK       0 /a/b t
    0  -  rm /a/b                OK
    0  -  rm /a                  OK       0 /a t
    0  -  write /a/x 1           OK       0 /a/x t
    `,
  )

  specify(
    'of a node below one that is removed fires, the deepest first',
    `
    0  -  write /a/b/c 1         OK
    0  -  write /a/d 1           OK
    0  -  watch /a ta            OK       then 0 /a ta
    0  -  watch /a/b tb          OK       then 0 /a/b tb
    0  -  watch /a/b/c tc        OK       then 0 /a/b/c tc
    0  -  watch /a/d td          OK       then 0 /a/d td
    0  -  watch /a/nothing tn    OK       then 0 /a/nothing tn
    # oxenstored tells of a node below that was not there, too.
    0  -  rm /a                  OK       0 /a/b/c tc; 0 /a/b tb; 0 /a/d td; 0 /a ta | ocaml: 0 /a/b/c tc; 0 /a/b tb; 0 /a/d td; 0 /a ta; 0 /a/nothing tn
    `,
  )

  specify(
    'reports paths in the form in which it was registered',
    DOMAIN_7,
    `
    7  -  watch data t           OK       then 7 data t
    7  -  watch /local/domain/7/data u   OK   then 7 /local/domain/7/data u
    7  -  write data/a 1         OK       7 data/a t; 7 /local/domain/7/data/a u
    0  -  write /local/domain/7/data/a 1   OK   7 data/a t; 7 /local/domain/7/data/a u
    0  -  watch dir t            OK       then 0 dir t
    0b  -  write /local/domain/0/dir/x 1   OK   0 dir/x t
    `,
  )

  specify(
    'is known by its path and its token together',
    `
    0  -  watch /a t             OK       then 0 /a t
    0  -  watch /a t             EEXIST
    0  -  watch /a u             OK       then 0 /a u
    0  -  watch x t              OK       then 0 x t
    0  -  watch /local/domain/0/x t   EEXIST
    0  -  write /a 1             OK       0 /a t; 0 /a u
    0  -  unwatch /a v           ENOENT
    0  -  unwatch /b t           ENOENT
    0  -  unwatch /a t           OK
    0  -  unwatch /a t           ENOENT
    0  -  write /a 1             OK       0 /a u
    0  -  unwatch /local/domain/0/x t   OK
    `,
  )

  specify(
    'belongs to one client',
    `
    0   -  watch /a t            OK       then 0 /a t
    0b  -  watch /a t            OK       then 0b /a t
    0b  -  unwatch /a t          OK
    0b  -  unwatch /a t          ENOENT
    0b  -  write /a 1            OK       0 /a t
    `,
  )

  specify(
    'is not part of a transaction',
    `
    0  t1  begin                 OK
    0  t1  watch /a t            OK       then 0 /a t
    0  99  watch /b t            OK       then 0 /b t
    0  t1  abort                 OK
    0  -   write /a 1            OK       0 /a t
    `,
  )

  specify(
    'may have any token, but no impossible path',
    `
    0  -  watch /a !"§$%&/()=?   OK       then 0 /a !"§$%&/()=?
    0  -  watch /a/ t            EINVAL
    0  -  watch //a t            EINVAL
    0  -  watch /a:b t           EINVAL
    0  -  watch @anything t      OK       then 0 @anything t
    # oxenstored takes any length.
    0  -  watch /<2048> t        EINVAL | ocaml: OK   none | ocaml: 0 /<2048> t
    `,
  )

  specify(
    'goes with all others by RESET_WATCHES, and transactions go, too',
    DOMAIN_7,
    `
    7  -   watch data t          OK       then 7 data t
    7  -   watch data u          OK       then 7 data u
    7  t1  begin                 OK
    7  -   reset                 OK
    # Different words for the same.
    7  t1  commit                ENOENT | ocaml: EIO
    7  -   write data/a 1        OK
    7  -   unwatch data t        ENOENT
    `,
  )
})

describe('events', () => {
  specify(
    'need the right to read the node or the one above, at the time of the event',
    DOMAIN_7,
    `
    0  -  mkdir /secret                  OK
    7  -  watch /secret t                OK   then 7 /secret t
    7  -  watch / r                      OK   then 7 / r
    0  -  write /secret/a 1              OK
    0  -  chmod /secret/a n0,r7          OK   7 /secret/a t; 7 /secret/a r
    0  -  write /secret/a 2              OK   7 /secret/a t; 7 /secret/a r
    0  -  write /secret/a/b 2            OK   7 /secret/a/b t; 7 /secret/a/b r
    0  -  chmod /secret/a/b n0           OK   7 /secret/a/b t; 7 /secret/a/b r
    0  -  write /secret/a/b 3            OK   7 /secret/a/b t; 7 /secret/a/b r
    0  -  write /secret/a/b/c 3          OK
    0  -  chmod /secret/a/b/c n0         OK
    0  -  write /secret/a/b/c 4          OK
    0  -  chmod /secret/a n0             OK   7 /secret/a t; 7 /secret/a r
    0  -  write /secret/a 5              OK
    0  -  rm /secret                     OK
    `,
  )

  specify(
    'of a removed node need the right that there was',
    DOMAIN_7,
    `
    0  -  write /a/b 1                   OK
    0  -  chmod /a/b n0,r7               OK
    7  -  watch /a t                     OK   then 7 /a t
    7  -  watch /a/b u                   OK   then 7 /a/b u
    0  -  rm /a                          OK   7 /a/b u
    `,
  )

  specify(
    'of a domain go to others',
    DOMAIN_7,
    DOMAIN_6,
    `
    0  -  watch /local/domain t          OK   then 0 /local/domain t
    6  -  watch /local/domain/7/data t   OK   then 6 /local/domain/7/data t
    7  -  watch data t                   OK   then 7 data t
    7  -  write data/a 1                 OK   0 /local/domain/7/data/a t; 7 data/a t
    7  -  chmod data/a n7,r6             OK   0 /local/domain/7/data/a t; 7 data/a t; 6 /local/domain/7/data/a t
    7  -  write data/a 2                 OK   0 /local/domain/7/data/a t; 7 data/a t; 6 /local/domain/7/data/a t
    7  -  rm data/a                      OK   0 /local/domain/7/data/a t; 7 data/a t; 6 /local/domain/7/data/a t
    `,
  )

  specifyOn(
    ['c', 'embedded'],
    'that would not fit into a message are left out',
    `
    0  -  watch / <2100>                 OK   then 0 / <2100>
    0  -  write /<1993> 1                OK   0 /<1993> <2100>
    0  -  write /<1994> 1                OK
    `,
  )
})
