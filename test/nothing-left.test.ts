import { connect, type Stubdomain } from '@stubdom/dom0-agent'
import { EVENT_RING } from '@stubdom/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { onEachXenstore, type TestWorld } from './support/worlds.ts'

const COMMANDS = 1_000
const COMMANDS_OF_A_ROUND = 10

/** Commands that leave the guest as it was. Most are queries: a device takes a tick of the guest's clock to go. */
async function round(stubdomain: Stubdomain): Promise<void> {
  await stubdomain.pciAttach({ bdf: '03:00.0' }).result
  for (let pair = 0; pair < 4; pair++) {
    await stubdomain.ping().result
    const { devices } = await stubdomain.pciList().result
    expect(devices.map(({ bdf }) => bdf)).toEqual(['0000:03:00.0'])
  }
  await stubdomain.pciDetach({ bdf: '03:00.0' }).result
}

/** Events are kept on purpose, and overwritten when the ring is full. */
async function isRingFull({ world }: TestWorld): Promise<boolean> {
  return (await world.dom0.list(`${world.controlDirectory}/stubdom/event`)).length === EVENT_RING
}

onEachXenstore(`${COMMANDS} commands in a row`, start => {
  test('leave exactly as many nodes, watches and open transactions as before', { timeout: 120_000 }, async () => {
    const world = await start()
    const dom0 = await connect({ xenstore: world.world.dom0Socket })
    onTestFinished(() => dom0.close())
    const stubdomain = await dom0.stubdomain('hvm1')
    await round(stubdomain)
    while (!(await isRingFull(world))) await round(stubdomain)
    await world.quiet()
    const before = await world.world.xenstored.counts()

    for (let commands = 0; commands < COMMANDS; commands += COMMANDS_OF_A_ROUND) await round(stubdomain)

    await world.quiet()
    await expect.poll(() => world.world.xenstored.counts(), { timeout: 10_000 }).toEqual(before)
  })
})
