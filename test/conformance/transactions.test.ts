import { describe } from 'vitest'
import { DOMAIN_7 } from './harness/domains.ts'
import { specify } from './harness/specify.ts'

describe('a transaction', () => {
  specify(
    'sees its own changes, and nobody else does until it commits',
    `
    0   -   write /a 1             OK
    0   t1  begin                  OK
    0   t1  write /a 2             OK
    0   t1  write /b/c 2           OK
    0   t1  read /a                = 2
    0   t1  list /b                = c
    0   -   read /a                = 1
    0b  -   read /b                ENOENT
    0   t1  commit                 OK
    0   -   read /a                = 2
    0b  -   list /b                = c
    `,
  )

  specify(
    'is undone by an abort',
    `
    0   -   write /a/x 1           OK
    0   t1  begin                  OK
    0   t1  rm /a                  OK
    0   t1  read /a/x              ENOENT
    0   t1  write /b 2             OK
    0   t1  abort                  OK
    0   -   read /a/x              = 1
    0   -   read /b                ENOENT
    # oxenstored has some nodes more from the beginning.
    0   -   list /                 = a tool | ocaml: = @introduceDomain @releaseDomain a local tool
    `,
  )

  specify(
    'sees what it has looked at before as it was',
    `
    0   -   write /a 1             OK
    0   -   write /b 1             OK
    0   t1  begin                  OK
    0   t1  read /a                = 1
    0   -   write /a 2             OK
    0   -   write /b 2             OK
    0   t1  read /a                = 1
    # oxenstored gives it the store as it was when it began, and has nothing against one that only read.
    0   t1  read /b                = 2 | ocaml: = 1
    0   t1  commit                 EAGAIN | ocaml: OK
    `,
  )

  specify(
    'is over after its end, however that ended',
    `
    0   t1  begin                  OK
    0   t1  commit                 OK
    # Different words for the same.
    0   t1  commit                 ENOENT | ocaml: EIO
    0   t1  read /                 ENOENT | ocaml: EIO
    0   -   write /a 1             OK
    0   t2  begin                  OK
    0   t2  read /a                = 1
    0   t2  write /b 1             OK
    0   -   write /a 2             OK
    0   t2  commit                 EAGAIN
    # The same.
    0   t2  commit                 ENOENT | ocaml: EIO
    `,
  )

  specify(
    'is unknown to other clients, by any other number, and without one',
    `
    0   t1  begin                  OK
    # Different words for the same.
    0b  99  read /                 ENOENT | ocaml: EIO
    0   99  commit                 ENOENT | ocaml: EIO
    0   99  begin                  ENOENT | ocaml: EIO
    0   -   commit                 ENOENT
    0   t1  begin                  EBUSY
    0   t1  commit                 OK
    `,
  )

  specify(
    'ends by T or F only, and stays open otherwise',
    `
    0   t1  begin                          OK
    0   t1  end x                          EINVAL
    0   t1  commit                         OK
    `,
  )
})

describe('a conflict', () => {
  specify(
    'is a change to something that the transaction has read',
    `
    0   -   write /a 1             OK
    0   t1  begin                  OK
    0   t1  read /a                = 1
    0   t1  write /b 1             OK
    0   -   write /a 2             OK
    0   t1  commit                 EAGAIN
    0   -   read /b                ENOENT
    `,
  )

  specify(
    'is even a change to the same value',
    `
    0   -   write /a 1             OK
    0   t1  begin                  OK
    0   t1  read /a                = 1
    0   t1  write /b 1             OK
    0   -   write /a 1             OK
    # C goes by generations; oxenstored repeats the transaction, and is content when all its replies stay the same.
    0   t1  commit                 EAGAIN | ocaml: OK
    0   -   read /b                ENOENT | ocaml: = 1
    `,
  )

  specify(
    'is a change to something that the transaction has written',
    `
    0   -   write /a 1             OK
    0   t1  begin                  OK
    0   t1  write /a 2             OK
    0b  -   write /a 3             OK
    # oxenstored repeats the transaction, whose replies stay the same.
    0   t1  commit                 EAGAIN | ocaml: OK
    0   -   read /a                = 3 | ocaml: = 2
    `,
  )

  specify(
    'is a new node where the transaction has seen none',
    `
    0   t1  begin                  OK
    0   t1  read /a                ENOENT
    0   t1  write /b 1             OK
    0   -   write /a 1             OK
    0   t1  commit                 EAGAIN
    `,
  )

  specify(
    'is another child in a directory that gets one',
    `
    0   -   mkdir /d               OK
    0   t1  begin                  OK
    0   t1  write /d/a 1           OK
    0   -   write /d/b 1           OK
    # oxenstored repeats the transaction, whose replies stay the same.
    0   t1  commit                 EAGAIN | ocaml: OK
    0   -   list /d                = b | ocaml: = a b
    `,
  )

  specify(
    'is a removal of something that the transaction has read',
    `
    0   -   write /a 1             OK
    0   t1  begin                  OK
    0   t1  read /a                = 1
    0   t1  write /b 1             OK
    0   -   rm /a                  OK
    0   t1  commit                 EAGAIN
    `,
  )

  specify(
    'is not a change to something that it has not looked at',
    `
    0   -   write /a 1             OK
    0   -   write /b 1             OK
    0   t1  begin                  OK
    0   t1  write /a 2             OK
    0   -   write /b 2             OK
    0   -   write /b/c 2           OK
    0   t1  commit                 OK
    0   -   read /a                = 2
    `,
  )

  specify(
    'is lost by the one that commits last',
    `
    0   -   write /a 0             OK
    0   -   write /b 0             OK
    0   t1  begin                  OK
    0b  t2  begin                  OK
    0   t1  read /a                = 0
    0b  t2  read /b                = 0
    0   t1  write /b 1             OK
    0b  t2  write /a 2             OK
    0   t1  commit                 OK
    0b  t2  commit                 EAGAIN
    0   -   read /a                = 0
    0   -   read /b                = 1
    `,
  )

  specify(
    'does not arise from an abort',
    `
    0   -   write /a 1             OK
    0   t1  begin                  OK
    0   t1  read /a                = 1
    0   -   write /a 2             OK
    0   t1  abort                  OK
    `,
  )
})

describe('events of a transaction', () => {
  specify(
    'come when it commits, one per node, and not at all when it does not',
    `
    0   -   watch /a t             OK    then 0 /a t
    0   t1  begin                  OK
    0   t1  write /a/b 1           OK
    0   t1  write /a/b 2           OK
    0   t1  write /a/c 1           OK
    # oxenstored has one for every request.
    0   t1  commit                 OK    0 /a/b t; 0 /a/c t | ocaml: 0 /a/b t; 0 /a/b t; 0 /a/c t
    0   t2  begin                  OK
    0   t2  write /a/b 3           OK
    0   t2  abort                  OK
    0   t3  begin                  OK
    0   t3  write /a/b 4           OK
    0   t3  read /a/c              = 1
    0   -   write /a/b 5           OK    0 /a/b t
    0   -   write /a/c 5           OK    0 /a/c t
    0   t3  commit                 EAGAIN
    `,
  )

  specify(
    'of a removal come for the nodes below, too',
    `
    0   -   write /a/b/c 1         OK
    0   -   watch /a ta            OK    then 0 /a ta
    0   -   watch /a/b/c tc        OK    then 0 /a/b/c tc
    0   t1  begin                  OK
    0   t1  rm /a                  OK
    0   t1  commit                 OK    0 /a ta; 0 /a/b/c tc
    `,
  )

  specify(
    'come in the order in which it first looked at the nodes',
    `
    0   -   write /a/b/c 1         OK
    0   -   write /a/d 1           OK
    0   -   watch / t              OK    then 0 / t
    0   -   watch /a/b tb          OK    then 0 /a/b tb
    0   -   watch /a/d td          OK    then 0 /a/d td
    0   t1  begin                  OK
    0   t1  write /z/y/x 1         OK
    0   t1  rm /a                  OK
    0   t1  mkdir /a               OK
    0   t1  write /z/y/x 2         OK
    # oxenstored has one for every request.
    0   t1  commit                 OK    0 /z/y/x t; 0 /a t; 0 /a/b tb; 0 /a/d td | ocaml: 0 /z/y/x t; 0 /z/y/x t; 0 /a t; 0 /a t; 0 /a/b tb; 0 /a/d td
    `,
  )

  specify(
    'go to who may read a node after it, or might before',
    DOMAIN_7,
    `
    0   -   write /a 1             OK
    0   -   chmod /a n0,r7         OK
    7   -   watch / t              OK    then 7 / t
    0   t1  begin                  OK
    0   t1  chmod /a n0            OK
    0   t1  write /b/c 1           OK
    0   t1  chmod /b/c n0,r7       OK
    # oxenstored has one for every request.
    0   t1  commit                 OK    7 /a t; 7 /b/c t | ocaml: 7 /a t; 7 /b/c t; 7 /b/c t
    0   t2  begin                  OK
    0   t2  rm /b/c                OK
    0   t2  write /b/c 1           OK
    0   t2  commit                 OK    7 /b/c t
    0   -   perms /b/c             = n0
    `,
  )

  specify(
    'do not come for what it made and took away again',
    `
    0   -   watch /a t             OK    then 0 /a t
    0   t1  begin                  OK
    0   t1  write /a/b 1           OK
    0   t1  rm /a/b                OK
    # oxenstored tells of the removal.
    0   t1  commit                 OK    none | ocaml: 0 /a/b t
    0   -   list /a                =
    `,
  )

  specify(
    'obey permissions',
    DOMAIN_7,
    `
    0   -   write /s/a 1           OK
    0   -   chmod /s/a n0,r7       OK
    7   -   watch /s t             OK    then 7 /s t
    0   t1  begin                  OK
    0   t1  write /s/a 2           OK
    0   t1  write /s/b 2           OK
    0   t1  chmod /s/b n0          OK
    0   t1  commit                 OK    7 /s/a t
    0   t2  begin                  OK
    0   t2  rm /s                  OK
    0   t2  commit                 OK
    `,
  )
})

describe('a transaction of a domain', () => {
  specify(
    'owns and obeys as always',
    DOMAIN_7,
    `
    7   t1  begin                  OK
    7   t1  write data/a/b 1       OK
    7   t1  perms data/a           = n7
    7   t1  write /x 1             EACCES
    # oxenstored hides nothing.
    7   t1  read /x                EACCES | ocaml: ENOENT
    7   t1  chmod data/a n7,r0     OK
    7   t1  commit                 OK
    0   -   perms /local/domain/7/data/a     = n7 r0
    0   -   perms /local/domain/7/data/a/b   = n7
    `,
  )

  specify(
    'is lost when a node in it got too large',
    DOMAIN_7,
    `
    7   t1  begin                  OK
    7   t1  write data/a 1         OK
    # oxenstored takes 33 bytes more, and lets the transaction go on without what was refused.
    7   t1  write data/b <2016>    ENOSPC | ocaml: OK
    7   t1  write data/b <2049>    ENOSPC | ocaml: E2BIG
    7   t1  commit                 ENOMEM | ocaml: OK
    7   -   read data/a            ENOENT | ocaml: = 1
    `,
  )
})
