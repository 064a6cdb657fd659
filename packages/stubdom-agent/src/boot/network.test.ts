import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../logger.ts'
import { Network } from './network.ts'

const TAPS = [
  { netdev: 'net0', ifname: 'vif6.0-emu', devices: ['nic0'] },
  { netdev: 'net1', ifname: 'vif6.1-emu', devices: ['nic1'] },
]

let directory: string
let network: Network
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'network-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  network = new Network(createLogger('silent'), directory)
})

async function script(name: string, text: string): Promise<void> {
  await writeFile(join(directory, name), `#!/bin/sh\n${text}\n`)
  await chmod(join(directory, name), 0o755)
}

const done = () => readFile(join(directory, 'done'), 'utf8')

test('each interface is brought up, and down once: when its card goes, or at the end', async () => {
  for (const name of ['qemu-ifup', 'qemu-ifdown']) await script(name, `echo ${name} "$@" >>${directory}/done`)
  network.up(TAPS)
  network.removed('nic1')
  network.removed('nic1')
  network.removed('pci-pt-03_00.0')
  await network.down()
  await network.down()
  expect(await done()).toBe(
    'qemu-ifup vif6.0-emu\nqemu-ifup vif6.1-emu\nqemu-ifdown vif6.1-emu\nqemu-ifdown vif6.0-emu\n',
  )
})

test('a script that fails, or is not there, keeps nothing from going on', async () => {
  await script('qemu-ifup', `echo "$@" >>${directory}/done; exit 1`)
  network.up(TAPS)
  await network.down()
  expect(await done()).toBe('vif6.0-emu\nvif6.1-emu\n')
})
