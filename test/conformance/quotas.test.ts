import { describe } from 'vitest'
import { DOMAIN_6, DOMAIN_7 } from './harness/domains.ts'
import { specify, specifyOn } from './harness/specify.ts'

describe('the size of a node', () => {
  specifyOn(
    ['c', 'embedded'],
    'is its value, 8 bytes per permission entry, and the names of its children with one byte more each: 2023 in all',
    DOMAIN_7,
    `
    7  -  write data/one <2015>                 OK
    7  -  write data/one <2016>                 ENOSPC
    7  -  write data/new <2016>                 ENOSPC
    7  -  read data/new                         ENOENT
    7  -  write data/two 1                      OK
    7  -  chmod data/two n7,r0                  OK
    7  -  write data/two <2007>                 OK
    7  -  write data/two <2008>                 ENOSPC
    7  -  write data/five 1                     OK
    7  -  chmod data/five n7,r0,r1,r2,r3        OK
    7  -  write data/five <1983>                OK
    7  -  write data/five <1984>                ENOSPC
    7  -  chmod data/one n7,r0                  ENOSPC
    7  -  perms data/one                        = n7
    7  -  write data/parent <2009>              OK
    7  -  write data/parent/chil 1              OK
    7  -  write data/parent/c 1                 ENOSPC
    7  -  read data/parent/c                    ENOENT
    7  -  list data/parent                      = chil
    7  -  rm data/parent/chil                   OK
    7  -  write data/parent/child 1             OK
    `,
  )

  specifyOn(
    ['ocaml'],
    'is that of its value alone on oxenstored: 2048 bytes, and for dom0 just the same',
    DOMAIN_7,
    `
    7  -  write data/a <2048>                   OK
    7  -  chmod data/a n7,r0,r1,r2,r3           OK
    7  -  write data/a/child 1                  OK
    7  -  write data/a <2049>                   E2BIG
    7  -  write data/new <2049>                 E2BIG
    7  -  read data/new                         ENOENT
    7  -  read data/a                           = <2048>
    0  -  write /a <2048>                       OK
    0  -  write /a <2049>                       E2BIG
    `,
  )

  specifyOn(
    ['c', 'embedded'],
    'leaves room for 183 children with names of ten characters',
    DOMAIN_7,
    `
    7  -  mkdir data/d                          OK
    7  -  write data/d/aaaaaaa{100..282} 1      OK
    7  -  write data/d/aaaaaaa283 1             ENOSPC
    7  -  write data/d/aaaaaaa100 2             OK
    0  -  write /local/domain/7/data/d/aaaaaaa283 1   OK
    7  -  write data/d <1>                      ENOSPC
    7  -  rm data/d/aaaaaaa282                  OK
    7  -  rm data/d/aaaaaaa283                  OK
    7  -  write data/d/aaaaaaa283 1             OK
    `,
  )

  specifyOn(
    ['c', 'embedded'],
    'is unlimited for dom0',
    `
    0  -  write /a <4093>                       OK
    0  -  read /a                               = <4093>
    0  -  write /a/child{1000..1400} 1          OK
    `,
  )
})

describe('the number of nodes', () => {
  specify(
    'that a domain owns is 1000; at the limit it can still write to those',
    DOMAIN_7,
    `
    7  -  write data/a/n{1..300} 1              OK
    7  -  write data/b/n{1..300} 1              OK
    7  -  write data/c/n{1..300} 1              OK
    7  -  write data/d/n{1..94} 1               OK
    # oxenstored has an error of its own, and keeps what it made before it met the limit.
    7  -  write data/e/f 1                      ENOSPC | ocaml: EQUOTA
    7  -  read data/e                           ENOENT | ocaml: =
    7  -  write data/e 1                        OK
    7  -  write data/f 1                        ENOSPC | ocaml: EQUOTA
    7  -  mkdir data/f                          ENOSPC | ocaml: EQUOTA
    7  -  write data/e 2                        OK
    7  -  chmod data/e n7,r0                    OK
    7  -  rm data/e                             OK
    7  -  write data/f 1                        OK
    0  -  write /local/domain/7/data/g 1        OK
    0  -  perms /local/domain/7/data/g          = n7
    7  -  rm data/a/n1                          OK
    # The same.
    7  -  write data/a/n1 1                     ENOSPC | ocaml: EQUOTA
    `,
  )

  specify(
    'counts for the owner, not for who created a node',
    DOMAIN_7,
    `
    0  -  write /local/domain/7/data/a/n{1..300} 1   OK
    0  -  write /local/domain/7/data/b/n{1..300} 1   OK
    0  -  write /local/domain/7/data/c/n{1..300} 1   OK
    0  -  write /local/domain/7/data/d/n{1..95} 1    OK
    # oxenstored has an error of its own.
    7  -  write data/e 1                        ENOSPC | ocaml: EQUOTA
    0  -  chmod /local/domain/7/data/a/n1 n0,b7   OK
    7  -  write data/e 1                        OK
    7  -  write data/f 1                        ENOSPC | ocaml: EQUOTA
    `,
  )
})

describe('permission entries', () => {
  specify(
    'are five at most, the one of the owner included',
    DOMAIN_7,
    `
    7  -  write data/a 1                        OK
    7  -  chmod data/a n7,r0,r1,r2,r3           OK
    # oxenstored has no limit.
    7  -  chmod data/a n7,r0,r1,r2,r3,r4        ENOSPC | ocaml: OK
    0  -  chmod /local/domain/7/data/a n7,r0,r1,r2,r3,r4   OK
    `,
  )
})

describe('watches', () => {
  specifyOn(
    ['c', 'embedded'],
    'are 129 at most',
    DOMAIN_7,
    `
    7  -  watch data t{1..129}                  OK       then 7 data t{1..129}
    7  -  watch data t130                       E2BIG
    7  -  watch data t1                         EEXIST
    7  -  unwatch data t5                       OK
    7  -  watch data t130                       OK       then 7 data t130
    `,
  )

  specifyOn(
    ['ocaml'],
    'are 101 at most on oxenstored',
    DOMAIN_7,
    `
    7  -  watch data t{1..101}                  OK       7 data t{1..101}
    7  -  watch data t102                       EQUOTA
    7  -  watch data t1                         EQUOTA
    7  -  unwatch data t5                       OK
    7  -  watch data t102                       OK       7 data t102
    `,
  )

  specify(
    'are unlimited for dom0',
    `
    0  -  watch /a t{1..200}                    OK       then 0 /a t{1..200}
    `,
  )
})

describe('transactions', () => {
  specify(
    'are eleven at most at a time',
    DOMAIN_7,
    `
    7  t{1..11}  begin                          OK
    # oxenstored has an error of its own.
    7  t12  begin                               ENOSPC | ocaml: EQUOTA
    7  t3  abort                                OK
    7  t12  begin                               OK
    0  t{21..40}  begin                         OK
    `,
  )

  specifyOn(
    ['c', 'embedded'],
    'touch 1023 nodes besides the one above; then they are lost',
    DOMAIN_7,
    `
    0  -  write /local/domain/7/data/n{1..1100} 1   OK
    0  -  chmod /local/domain/7/data/n{1..1100} n0,b7   OK
    7  t1  begin                                OK
    7  t1  read data                            =
    7  t1  write data/n{1..1023} 2              OK
    7  t1  write data/n1024 2                   ENOSPC
    7  t1  commit                               ENOMEM
    7  -  read data/n1                          = 1
    `,
  )

  specifyOn(
    ['ocaml'],
    'make 1024 requests at most on oxenstored; then they are lost',
    DOMAIN_7,
    `
    7  t1  begin                                OK
    7  t1  write data/n 1                       OK
    7  t1  write data/n {2..1024}               OK
    7  t1  write data/n 1025                    EQUOTA
    7  t1  commit                               EQUOTA
    7  -   read data/n                          ENOENT
    `,
  )

  specifyOn(
    ['c', 'embedded'],
    'cannot take a domain to its limit of nodes, only below',
    DOMAIN_7,
    `
    7  -  write data/a/n{1..300} 1              OK
    7  -  write data/b/n{1..300} 1              OK
    7  -  write data/c/n{1..300} 1              OK
    7  -  write data/d/n{1..94} 1               OK
    7  t1  begin                                OK
    7  t1  write data/e 1                       OK
    7  t1  commit                               ENOSPC
    7  -  read data/e                           ENOENT
    7  -  rm data/d/n94                         OK
    7  t2  begin                                OK
    7  t2  write data/e 1                       OK
    7  t2  commit                               OK
    7  -  write data/f 1                        OK
    7  t3  begin                                OK
    7  t3  write data/g 1                       ENOSPC
    7  t3  write data/f 2                       OK
    7  t3  commit                               OK
    7  -  write data/g 1                        ENOSPC
    `,
  )

  specifyOn(
    ['c', 'embedded'],
    'count what they create and take away when they commit',
    DOMAIN_7,
    `
    7  -  write data/a/n{1..300} 1              OK
    7  -  write data/b/n{1..300} 1              OK
    7  -  write data/c/n{1..300} 1              OK
    7  -  write data/d/n{1..93} 1               OK
    7  t1  begin                                OK
    7  t1  write data/x/y/z 1                   OK
    7  t1  commit                               ENOSPC
    7  t2  begin                                OK
    7  t2  rm data/a                            OK
    7  t2  write data/x/y/z 1                   OK
    7  t2  commit                               OK
    7  t3  begin                                OK
    7  t3  write data/x/{1..180} 1              OK
    7  t3  write data/y/{1..118} 1              OK
    7  t3  commit                               OK
    7  -  write data/f 1                        OK
    7  -  write data/g 1                        ENOSPC
    `,
  )

  specifyOn(
    ['ocaml'],
    'meet the limit of nodes at once on oxenstored',
    DOMAIN_7,
    `
    7  -  write data/a/n{1..300} 1              OK
    7  -  write data/b/n{1..300} 1              OK
    7  -  write data/c/n{1..300} 1              OK
    7  -  write data/d/n{1..94} 1               OK
    7  t1  begin                                OK
    7  t1  write data/e 1                       OK
    7  t1  write data/f 1                       EQUOTA
    7  t1  commit                               OK
    7  -  read data/e                           = 1
    7  -  write data/g 1                        EQUOTA
    7  t2  begin                                OK
    7  t2  rm data/a                            OK
    7  t2  write data/x/y/z 1                   OK
    7  t2  commit                               OK
    7  -  read data/x/y/z                       = 1
    `,
  )

  specify(
    'of dom0 have no limits',
    DOMAIN_6,
    `
    0  t1  begin                                OK
    0  t1  write /local/domain/6/data/n{1..1100} 1   OK
    0  t1  commit                               OK
    # oxenstored has an error of its own.
    6  -  write data/m 1                        ENOSPC | ocaml: EQUOTA
    `,
  )
})
