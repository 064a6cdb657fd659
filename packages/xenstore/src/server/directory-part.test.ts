import { describe } from 'vitest'
import { specify } from './testing/specify.ts'

/** 401 names of 9 characters: 4010 bytes. */
const ALMOST_FULL = `
  0  -  mkdir /d                          OK
  0  -  write /d/child{1000..1400} 1      OK
`

describe('DIRECTORY', () => {
  specify(
    'answers with 4096 bytes at most',
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
    0  -  list /d                         E2BIG
    `,
  )
})

describe('DIRECTORY_PART', () => {
  specify(
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
    `,
  )

  specify(
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

  specify(
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
})
