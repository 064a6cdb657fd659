import { World } from '@stubdom/demo'
import { connect } from '@stubdom/dom0-agent'
import { daemons, startXenstored } from '@stubdom/test-xenstored'
import { describe, expect, onTestFinished, test } from 'vitest'

describe.each(daemons())('two stubdomains on one Xenstore [%s]', daemon => {
  test('work side by side, and when one is destroyed the other goes on', async () => {
    const xenstored = await startXenstored({ daemon })
    onTestFinished(() => xenstored.stop())
    const one = await World.start({ xenstored, domains: { guest: 6, stubdomain: 7, name: 'hvm1' } })
    const two = await World.start({ xenstored, domains: { guest: 8, stubdomain: 9, name: 'hvm2' } })
    onTestFinished(() => two.stop())
    const dom0 = await connect({ xenstore: xenstored.socketPath })
    onTestFinished(() => dom0.close())
    const stubdomains = [await dom0.stubdomain('hvm1'), await dom0.stubdomain('hvm2')] as const

    await Promise.all(stubdomains.map(each => each.pciAttach({ bdf: '03:00.0' }).result))
    await stubdomains[1].pciDetach({ bdf: '03:00.0' }).result
    const lists = await Promise.all(stubdomains.map(each => each.pciList().result))
    expect(lists.map(({ devices }) => devices.length)).toEqual([1, 0])

    await one.stop()
    expect(await xenstored.dom0.list('/local/domain')).toEqual(['8', '9'])
    await stubdomains[1].ping().result
  })
})
