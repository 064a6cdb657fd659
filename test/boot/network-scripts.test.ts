import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeEach, expect, onTestFinished, test } from 'vitest'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'network-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  await mkdir(join(directory, 'bus/xen/devices/vif-1/net/eth0'), { recursive: true })
  // Kernels without bridges are common: what the scripts would have ip do is looked at instead.
  await writeFile(join(directory, 'ip'), `#!/bin/sh\necho "$@" >>${directory}/done\n`)
  await chmod(join(directory, 'ip'), 0o755)
})

async function run(script: string, ifname: string): Promise<string[]> {
  const env = { PATH: `${directory}:${process.env['PATH']}`, SYSFS: directory }
  await promisify(execFile)('sh', [`packages/stubdom-agent/init/${script}`, ifname], { env, timeout: 20_000 })
  return (await readFile(join(directory, 'done'), 'utf8')).trim().split('\n')
}

test('qemu-ifup joins QEMU’s interface with the stubdomain’s of the same number', async () => {
  expect(await run('qemu-ifup', 'vif6.1-emu')).toEqual([
    'link add br1 type bridge',
    'link set eth0 address fe:ff:ff:ff:ff:ff',
    'link set eth0 master br1',
    'link set eth0 up',
    'link set vif6.1-emu master br1',
    'link set vif6.1-emu up',
    'link set br1 up',
  ])
})

test('qemu-ifup fails when the stubdomain has no such interface', async () => {
  await expect(run('qemu-ifup', 'vif6.2-emu')).rejects.toThrow(/vif-2/)
})

test('qemu-ifdown takes the bridge away', async () => {
  expect(await run('qemu-ifdown', 'vif6.1-emu')).toEqual(['link del br1'])
})
