import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { daemons } from '@stubdom/test-xenstored'
import { expect, test } from 'vitest'
import { Stubdomain } from './stubdomain.ts'

const CARD = [
  ['-netdev', 'type=tap,id=net0,ifname=vif6.0-emu,br=xenbr0,script=no,downscript=no'],
  ['-device', 'rtl8139,id=nic0,netdev=net0,mac=00:16:3e:00:00:01,addr=5,romfile='],
].flat()

/** A stubdomain with a network card, whose scripts write down what they are told and whether the interface is there. */
async function withCard(): Promise<{ stubdomain: Stubdomain; done: () => Promise<string[]> }> {
  const stubdomain = await Stubdomain.create(daemons()[0] ?? 'embedded')
  const etc = join(stubdomain.directory, 'etc')
  const log = join(stubdomain.directory, 'scripts')
  await mkdir(etc)
  await writeFile(log, '')
  for (const name of ['qemu-ifup', 'qemu-ifdown']) {
    const there = 'if grep -q "$1:" /proc/net/dev; then echo there; else echo gone; fi'
    await writeFile(join(etc, name), `#!/bin/sh\necho ${name} "$@" $(${there}) >>${log}\n`)
    await chmod(join(etc, name), 0o755)
  }
  await stubdomain.writeArguments([...stubdomain.modelArguments(), ...CARD])
  await stubdomain.makeControlDirectory()
  stubdomain.useEtc(etc)
  await stubdomain.boot('--on-qemu-exit=restart')
  await stubdomain.status(/"ready"/)
  return { stubdomain, done: async () => (await readFile(log, 'utf8')).trim().split('\n') }
}

// An interface and a network of one's own are for root.
test.runIf(process.getuid?.() === 0)(
  'a network card is joined with the stubdomain’s network while it is there',
  async () => {
    const { stubdomain, done } = await withCard()
    await expect.poll(done).toEqual(['qemu-ifup vif6.0-emu there'])
    // The guest lets go of it.
    await stubdomain.qemu('device_del', { id: 'nic0' })
    await expect.poll(done, { timeout: 10_000 }).toEqual(['qemu-ifup vif6.0-emu there', 'qemu-ifdown vif6.0-emu there'])
  },
)

test.runIf(process.getuid?.() === 0)(
  'and parted from it when QEMU has ended, before another one is started',
  async () => {
    const { stubdomain, done } = await withCard()
    await expect.poll(done).toHaveLength(1)
    await stubdomain.signalQemu('SIGKILL')
    const [up, down, again] = [
      'qemu-ifup vif6.0-emu there',
      'qemu-ifdown vif6.0-emu gone',
      'qemu-ifup vif6.0-emu there',
    ]
    await expect.poll(done, { timeout: 15_000 }).toEqual([up, down, again])
  },
)
