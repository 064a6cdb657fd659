import { beforeEach, expect, test } from 'vitest'
import { Op } from '../wire/messages.ts'
import { BareCore } from './testing/bare-core.ts'

// Where this server does not do as xenstored does. See "What differs from the daemon" in docs/xenstore.md.

let core: BareCore

beforeEach(() => {
  core = new BareCore()
  core.domain(6)
  core.domain(7)
  core.ask(core.dom0, Op.SET_TARGET, ['7', '6'])
  core.ask(core.dom0, Op.WATCH, ['@releaseDomain', 'out'])
})

const GONE = 'WATCH_EVENT @releaseDomain out'

function introduced(): string[] {
  return ['6', '7'].flatMap(domid => core.ask(core.dom0, Op.IS_DOMAIN_INTRODUCED, [domid]).map(line => line.slice(-1)))
}

test('targets that go round in a circle keep nobody known for ever', () => {
  for (const target of ['7', '6', '7']) core.ask(core.dom0, Op.SET_TARGET, ['6', target])
  core.hypervisor.destroy(7)
  expect(core.told(core.dom0)).toEqual([])
  core.hypervisor.destroy(6)
  expect(core.told(core.dom0)).toEqual([GONE, GONE])
  expect(introduced()).toEqual(['F', 'F'])
})

test('RELEASE of a target is as its death: it stays known until the domain that works for it is gone', () => {
  expect(core.ask(core.dom0, Op.RELEASE, ['6'])).toEqual(['RELEASE OK'])
  expect(introduced()).toEqual(['T', 'T'])
  core.hypervisor.destroy(7)
  expect(core.told(core.dom0)).toEqual([GONE, GONE])
  expect(introduced()).toEqual(['F', 'F'])
})
