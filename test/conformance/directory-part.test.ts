import { describe } from 'vitest'
import { specify, specifyOn } from './harness/specify.ts'

/** 401 names of 9 characters: 4010 bytes. */
const ALMOST_FULL = `
  0  -  mkdir /d                          OK
  0  -  write /d/child{1000..1400} 1      OK
`

describe('DIRECTORY', () => {
  specify(
    'answers dom0 with 4096 bytes at most',
    ALMOST_FULL,
    `
    0  -  list /d                         = <4010>
    0  -  mkdir /d/<84>                   OK
    0  -  list /d                         = <4095>
    0  -  rm /d/<84>                      OK
    0  -  mkdir /d/<85>                   OK
    0  -  list /d                         = <4096>
    0  -  rm /d/<85>                      OK
    0  -  mkdir /d/<86>                   OK
    # oxenstored sends dom0 a message that is larger than the protocol allows.
    0  -  list /d                         E2BIG | ocaml: = <4097>
    `,
  )

  specify(
    'answers a domain with 4096 bytes at most',
    `
    xen  -  domain 7                      OK
    `,
    ALMOST_FULL,
    `
    0  -  chmod /d n0,r7                  OK
    7  -  list /d                         = <4010>
    0  -  mkdir /d/<85>                   OK
    7  -  list /d                         = <4096>
    0  -  rm /d/<85>                      OK
    0  -  mkdir /d/<86>                   OK
    7  -  list /d                         E2BIG
    `,
  )
})

describe('DIRECTORY_PART', () => {
  specifyOn(
    ['ocaml'],
    'does not exist on oxenstored',
    `
    xen  -  domain 7                      OK
    0    -  part / 0                      ENOSYS
    7    -  part data 0                   ENOSYS
    `,
  )

  specifyOn(
    ['c', 'embedded'],
    'answers with the generation first and an empty name last',
    `
    0  -  write /d/a 1                    OK
    0  -  write /d/b 1                    OK
    0  -  write /d/cc 1                   OK
    0  -  part /d 0                       = <11>
    0  -  part /d 2                       = <9>
    0  -  part /d 7                       = <4>
    0  -  part /d 8                       = <4>
    0  -  part /d -1                      = <4>
    0  -  part /nothing 0                 ENOENT
    0  -  part /a:b 0                     EINVAL
    `,
  )

  specifyOn(
    ['c', 'embedded'],
    'answers with as many whole names as fit',
    ALMOST_FULL,
    `
    0  -  write /d/child{1401..1500} 1    OK
    0  -  part /d 0                       = <4095>
    0  -  part /d 4080                    = <936>
    0  -  part /d 4075                    = <941>
    0  -  part /d 5010                    = <6>
    `,
  )

  specifyOn(
    ['c', 'embedded'],
    'fills a message to its last byte',
    ALMOST_FULL,
    `
    # The generation takes 4 bytes and the end of the list 1: 4091 are left for names.
    0  -  write /d/<80> 1                 OK
    0  -  part /d 0                       = <4096>
    0  -  write /d/more 1                 OK
    0  -  part /d 0                       = <4095>
    0  -  rm /d/<80>                      OK
    0  -  rm /d/more                      OK
    0  -  write /d/<81> 1                 OK
    0  -  part /d 0                       = <4014>
    0  -  part /d 4010                    = <87>
    `,
  )

  specifyOn(
    ['c', 'embedded'],
    'obeys permissions, and works for a domain',
    `
    xen  -  domain 7                      OK
    0    -  mkdir /secret                 OK
    7    -  write data/a 1                OK
    7    -  part data 0                   = <6>
    7    -  part /secret 0                EACCES
    7    -  part data/b 0                 ENOENT
    `,
  )
})
