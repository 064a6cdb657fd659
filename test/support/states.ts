import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WorldOptions } from '@stubdom/demo'
import { acl } from '@stubdom/xenstore'
import { onTestFinished } from 'vitest'
import { type Console, startConsole } from './console.ts'
import type { TestWorld } from './worlds.ts'

/** A world whose stubdomain has the consoles that libxl makes for states, and a QEMU that another one can take over from. */
export interface StateWorld {
  readonly world: TestWorld
  /** A path in a directory that goes with the test. */
  at(name: string): string
  /** Console 1. */
  readonly saveConsole: Console
}

/**
 * Starts one.
 * @param sink what console 1 is joined with in dom0, in socat's words; by default the file that libxl would name
 */
export async function startStateWorld(
  start: (options: WorldOptions) => Promise<TestWorld>,
  sink: (at: (name: string) => string) => string = at => `OPEN:${at('saved')},creat,append`,
): Promise<StateWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'state-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const at = (name: string) => join(directory, name)
  execFileSync('mkfifo', [at('restore.in')])
  const saveConsole = await startConsole(at('hvc1'), sink(at), { to: 'dom0' })
  await startConsole(at('hvc2'), `OPEN:${at('restore.in')},rdwr`, { to: 'stubdomain' })
  const world = await start({
    qemu: { extraArgs: machine(at('ram')) },
    agentArguments: ['--save-console', at('hvc1'), '--restore-console', at('hvc2')],
  })
  await layOutConsoles(world, { 1: `file:${at('saved')}`, 2: `pipe:${at('restore')}` })
  return { world, at, saveConsole }
}

/**
 * Resolves when the guest is past its firmware, which another QEMU would not have for it: a QEMU that waits for a state leaves ROM to that (hw/core/loader.c, rom_reset).
 */
export async function guestIsUp(world: TestWorld): Promise<void> {
  const device = ['hvm1', '0000:1f:00.0']
  const attached = await world.json('pci-attach', ...device)
  if (!attached.ok) throw new Error(`pci-attach: ${attached.error?.message}`)
  const until = Date.now() + 40_000
  const open: string[] = []
  for (;;) {
    // What the firmware is asked for is lost: it is asked for again.
    const { ok, error } = await world.json('--timeout', '3', 'pci-detach', ...device)
    if (ok) break
    if (error?.outcome !== 'unknown' || Date.now() > until) throw new Error(`pci-detach: ${error?.message}`)
    if (error.id) open.push(error.id)
  }
  // Those that were not answered in time are by now.
  for (const id of open) await world.json('--id', id, 'pci-detach', ...device)
}

/** Starts another QEMU in the place of the one that there is, and waits until the agent has it. */
export async function replaceQemu(world: TestWorld, ...more: string[]): Promise<void> {
  await world.world.qemu.stop()
  await world.node('stubdom/status', status => !status.includes('"ready"'))
  await world.world.restartQemu(...more)
  await world.node('stubdom/status', status => status.includes('"ready"'))
  await world.node('stubdom/hello')
}

/** No program may open a file more than it has: from now on `open` fails. */
export async function exhaustFiles(pid: number): Promise<void> {
  const open = new Set((await readdir(`/proc/${pid}/fd`)).map(Number))
  let free = 0
  while (open.has(free)) free++
  execFileSync('prlimit', ['--pid', `${pid}`, `--nofile=${free}`])
}

/** What such a QEMU needs: RAM that outlives it stands for what Xen keeps of a guest; a network card makes the state as large as real ones are. */
export function machine(ram: string): string[] {
  return [
    ['-object', `memory-backend-file,id=ram,size=32M,mem-path=${ram},share=on`],
    ['-machine', 'memory-backend=ram', '-device', 'e1000,addr=4'],
  ].flat()
}

/** As libxl lays them out: the directory is the stubdomain's, `output` dom0's (libxl_console.c). */
async function layOutConsoles({ world }: TestWorld, outputs: Record<number, string>): Promise<void> {
  const { dom0, domains } = world
  for (const [console, output] of Object.entries(outputs)) {
    const path = `/local/domain/${domains.stubdomain}/device/console/${console}`
    await dom0.mkdir(path)
    await dom0.setPermissions(path, acl(domains.stubdomain, [0, 'read']))
    await dom0.write(`${path}/output`, output)
    await dom0.setPermissions(`${path}/output`, acl(0, [domains.stubdomain, 'read']))
  }
}
