import { describe } from 'vitest'
import { DOMAIN_7, STUBDOMAIN } from './testing/domains.ts'
import { specify } from './testing/specify.ts'

// These are for this server only: a real daemon need not take such payloads well, so nobody should send them to one.

const WITH_ONE_STRING = ['list', 'read', 'perms', 'mkdir', 'rm', 'path', 'introduced', 'release', 'resume']

describe('a payload', () => {
  specify(
    'that should be one string has to end in its only NUL',
    ...WITH_ONE_STRING.map(
      verb => String.raw`
    0  -  raw ${verb} ""                      EINVAL
    0  -  raw ${verb} "/a"                    EINVAL
    0  -  raw ${verb} "/a\u0000/b\u0000"      EINVAL
    0  -  raw ${verb} "/a\u0000b"             EINVAL
      `,
    ),
  )

  specify(
    'without the strings that it should have is refused',
    String.raw`
    0  -  raw write ""                        EINVAL
    0  -  raw write "/a"                      EINVAL
    0  -  raw chmod ""                        EINVAL
    0  -  raw chmod "/a\u0000"                EINVAL
    0  -  raw chmod "/a\u0000n0"              EINVAL
    0  -  raw watch "/a\u0000"                EINVAL
    0  -  raw watch "/a\u0000t"               EINVAL
    0  -  raw watch "/a\u0000t\u0000u\u0000"  EINVAL
    0  -  raw unwatch "/a\u0000"              EINVAL
    0  -  raw part "/a\u0000"                 EINVAL
    0  -  raw part "/a\u00000\u00000\u0000"   EINVAL
    0  -  raw commit ""                       EINVAL
    0  -  raw introduce "7\u00001\u0000"      EINVAL
    0  -  raw target "7\u0000"                EINVAL
    0  -  raw control ""                      EINVAL
    `,
  )

  specify(
    'with an empty path is refused, and the store goes on',
    DOMAIN_7,
    String.raw`
    0  -  raw read "\u0000"                   EINVAL
    7  -  raw mkdir "\u0000"                  EINVAL
    7  -  raw rm "\u0000"                     EINVAL
    7  -  raw write "\u0000x"                 EINVAL
    7  -  raw watch "\u0000t\u0000"           EINVAL
    7  -  raw mkdir ""                        EINVAL
    7  -  raw rm ""                           EINVAL
    7  -  write data/a 1                      OK
    0  -  list /local/domain/7/data           = a
    `,
  )

  specify(
    'of TRANSACTION_START and RESET_WATCHES does not matter',
    String.raw`
    0  -  raw begin ""                       OK
    0  -  raw reset ""                        OK
    `,
  )
})

describe('targets that go round in a circle', () => {
  specify(
    'keep nobody known for ever, as they would in the daemon',
    STUBDOMAIN,
    `
    0    -  watch @releaseDomain out       OK       then 0 @releaseDomain out
    0    -  target 6 7                     OK
    0    -  target 6 6                     OK
    0    -  target 6 7                     OK
    xen  -  destroy 7                      OK
    xen  -  destroy 6                      OK       0 @releaseDomain out; 0 @releaseDomain out
    0    -  introduced 6                   = F
    0    -  introduced 7                   = F
    `,
  )
})
