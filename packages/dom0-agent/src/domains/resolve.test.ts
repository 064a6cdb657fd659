import { afterAll, beforeAll, expect, test } from 'vitest'
import { GUEST, STUBDOMAIN, World } from '../testing/world.ts'
import { allPairs, resolveDomain } from './resolve.ts'

let world: World
beforeAll(async () => {
  world = await World.start()
  await world.addPair(10, 11, '7')
  await world.addPair(12, 13, '99')
  await world.addDomain(20, 'plain')
  await world.addDomain(21, 'half')
  await world.dom0.write('/local/domain/21/image/device-model-domid', '20')
  await world.addDomain(22, 'zero')
  await world.dom0.write('/local/domain/22/image/device-model-domid', '0')
  await world.addDomain(23, 'odd\u001b[2Jname')
})
afterAll(() => world.stop())

const HVM1 = { guest: GUEST, stubdomain: STUBDOMAIN, name: 'hvm1' }

test.each<[reference: string | number, pair: object]>([
  ['hvm1', HVM1],
  ['hvm1-dm', HVM1],
  ['6', HVM1],
  [7, HVM1],
  ['7', HVM1],
  ['99', { guest: 12, stubdomain: 13, name: '99' }],
  ['99-dm', { guest: 12, stubdomain: 13, name: '99' }],
])('%j is the guest or its stubdomain, digits a domid first', async (reference, pair) => {
  expect(await resolveDomain(world.dom0, reference)).toEqual(pair)
})

test.each<[reference: string, code: string, message: RegExp]>([
  ['nobody', 'unknown-domain', /^there is no domain nobody$/],
  ['32000', 'unknown-domain', /32000/],
  ['no\u0007thing', 'unknown-domain', /no\?thing/],
  ['x'.repeat(1_000), 'unknown-domain', /^.{1,120}$/],
  ['plain', 'no-stubdomain', /domain plain has no stubdomain/],
  ['20', 'no-stubdomain', /domain 20 has no stubdomain/],
  ['half', 'no-stubdomain', /set up yet/],
  ['zero', 'no-stubdomain', /has no stubdomain/],
])('%j is refused as %s', async (reference, code, message) => {
  await expect(resolveDomain(world.dom0, reference)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  })
})

test('the known domains are named, printable, and not all of a great many', async () => {
  for (let domid = 100; domid < 120; domid++) await world.dom0.write(`/local/domain/${domid}/name`, `many-${domid}`)
  const { remedy } = await resolveDomain(world.dom0, 'nobody').catch(error => error)
  expect(remedy).toMatch(/^there are hvm1 \(6\), hvm1-dm \(7\), .* and 20 more$/)
  expect(remedy).not.toMatch(/\p{Cc}/u)
})

test('all pairs, by domid', async () => {
  expect((await allPairs(world.dom0)).map(({ guest, stubdomain }) => [guest, stubdomain])).toEqual([
    [6, 7],
    [10, 11],
    [12, 13],
  ])
})
