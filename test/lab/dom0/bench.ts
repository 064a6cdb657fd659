import { statSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { control } from './control.ts'
import { Guest, STUBDOMAIN_MEMORY } from './guest.ts'
import { meddle } from './guest-inside.ts'
import { tell } from './host.ts'
import { EDU, makeAssignable, type PcibackMode, pcibackMode } from './pci.ts'
import { type Finished, run, succeed } from './shell.ts'
import { installedStubdomctl } from './stubdomctl.ts'

const ROUNDS = 5

/** MB of stubdomain_memory that are tried, one after the other; every guest has the first. */
const MEMORIES = [STUBDOMAIN_MEMORY, 224, 192, 160, 128]

/** How late sysfs shows a device, where that is measured. */
const LATE_MS = 700

/** The same guest with a stubdomain that has only QMP over vchan, and with ours. */
interface Contestant {
  readonly name: string
  readonly ramdisk: string
  attach(guest: Guest): Promise<Finished>
  detach(guest: Guest): Promise<Finished>
  query(guest: Guest): Promise<Finished>
  save(guest: Guest): Promise<Finished>
}

const STOCK: Contestant = {
  name: 'stock',
  ramdisk: '/boot/stock.cpio',
  attach: guest => run('xl', ['pci-attach', guest.name, EDU.bdf]),
  detach: guest => run('xl', ['pci-detach', guest.name, EDU.bdf]),
  query: guest => run('xl', ['qemu-monitor-command', guest.name, 'info status']),
  save: guest => run('xl', ['save', '-c', guest.name, '/tmp/saved'], { timeoutMs: 120_000 }),
}

const OURS: Contestant = {
  name: 'ours',
  ramdisk: '/boot/stubdom.cpio',
  attach: guest => installedStubdomctl('pci-attach', '--plumb', guest.name, EDU.bdf),
  detach: guest => installedStubdomctl('pci-detach', '--plumb', guest.name, EDU.bdf),
  query: guest => installedStubdomctl('status', guest.name),
  save: STOCK.save,
}

type Note = (name: string, value: number | string) => void

/** What each came to, by the name of what was measured. */
type Results = Map<string, number | string>

/** Both, one after the other in this one boot, each alone; tells the host a row for each thing measured. */
export async function runBench(): Promise<void> {
  const stock = await measure(STOCK)
  const ours = await measure(OURS)
  for (const name of new Set([...stock.keys(), ...ours.keys()])) {
    tell({ event: 'measured', row: { name, stock: stock.get(name) ?? '–', ours: ours.get(name) ?? '–', unit: 'ms' } })
  }
}

async function measure(contestant: Contestant): Promise<Results> {
  const results: Results = new Map()
  const note: Note = (name, value) => {
    results.set(name, value)
    tell({ event: 'note', text: `bench: ${contestant.name}: ${name}: ${value}` })
  }
  const created: number[] = []
  for (const mode of ['passthrough', 'vpci'] as PcibackMode[]) {
    // A guest of its own: what stock xl has attached it cannot take back.
    const began = performance.now()
    const guest = await Guest.create({ name: 'bench', config: [`stubdomain_ramdisk="${contestant.ramdisk}"`] })
    created.push(Math.round(performance.now() - began))
    if (contestant === OURS) await succeed('stubdomctl', ['--timeout', '30', 'ping', guest.name])
    if (mode === 'passthrough') await measureQueries(contestant, guest, note)
    await measureHotPlug(contestant, guest, mode, note)
    if (mode === 'vpci') {
      const saved = await contestant.save(guest)
      note('xl save, the guest goes on', saved.code === 0 ? saved.ms : 'fails')
    }
    await guest.destroy()
    await run('xl', ['pci-assignable-remove', EDU.bdf])
  }
  note('xl create, until the guest runs', middle(created))
  await measureLateness(contestant, note)
  await measureMemory(contestant, note)
  return results
}

/** How little the stubdomain can have. */
async function measureMemory(contestant: Contestant, note: Note): Promise<void> {
  let least = STUBDOMAIN_MEMORY
  for (const stubdomainMemory of MEMORIES.slice(1)) {
    const config = [`stubdomain_ramdisk="${contestant.ramdisk}"`]
    const guest = await Guest.create({ name: 'bench', config, stubdomainMemory }).catch(() => undefined)
    // xl leaves what did not come up.
    await run('xl', ['destroy', 'bench'])
    if (!guest) break
    least = stubdomainMemory
  }
  note(`stubdomain_memory with which it comes up, of ${MEMORIES.join(', ')}`, `${least} MB`)
  note('image', `${Math.round(statSync(contestant.ramdisk).size / 1e5) / 10} MB`)
}

/** The kernel of the stubdomain has the device, and its sysfs entry comes some time after. */
async function measureLateness(contestant: Contestant, note: Note): Promise<void> {
  const ramdisk = [`stubdomain_ramdisk="${contestant.ramdisk}"`]
  const guest = await Guest.create(
    contestant === OURS ? { name: 'bench', inside: 'meddler' } : { name: 'bench', config: ramdisk },
  )
  if (contestant === OURS) await succeed('stubdomctl', ['--timeout', '30', 'ping', guest.name])
  await pcibackMode('passthrough')
  await makeAssignable(EDU.bdf)
  await meddle(guest, 'hide-sysfs')
  const attaching = contestant.attach(guest)
  await pause(LATE_MS)
  const began = performance.now()
  await meddle(guest, 'show-sysfs')
  const { code, ms } = await attaching
  if (code === 0) await guest.sees(EDU.identity)
  note(
    `attach, the device ${LATE_MS} ms late in sysfs, from then until the guest sees it`,
    code === 0 ? Math.round(performance.now() - began) : `fails after ${ms} ms`,
  )
  await guest.destroy()
  await run('xl', ['pci-assignable-remove', EDU.bdf])
}

async function measureQueries(contestant: Contestant, guest: Guest, note: Note): Promise<void> {
  note('one query, a process each', await median(() => contestant.query(guest)))
  if (contestant !== OURS) return
  const stubdomain = await control(guest)
  note('one query of QEMU on an open connection', await median(async () => timed(() => stubdomain.pciList().result)))
}

async function measureHotPlug(contestant: Contestant, guest: Guest, mode: PcibackMode, note: Note): Promise<void> {
  await pcibackMode(mode)
  await makeAssignable(EDU.bdf)
  const attached: number[] = []
  const detached: number[] = []
  let failed: string | undefined
  let notDetached: string | undefined
  for (let round = 0; round < ROUNDS && failed === undefined && notDetached === undefined; round++) {
    const began = performance.now()
    const { code, ms } = await contestant.attach(guest)
    if (code !== 0) failed = `fails after ${ms} ms`
    else {
      await guest.sees(EDU.identity)
      attached.push(Math.round(performance.now() - began))
      const left = await contestant.detach(guest)
      if (left.code === 0) detached.push(left.ms)
      else notDetached = `fails after ${left.ms} ms`
    }
  }
  note(`attach, until the guest sees the device, pciback in ${mode} mode`, failed ?? middle(attached))
  if (failed === undefined) note(`detach, pciback in ${mode} mode`, notDetached ?? middle(detached))
}

async function median(once: () => Promise<{ ms: number }>): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) times.push((await once()).ms)
  return middle(times)
}

async function timed(work: () => Promise<unknown>): Promise<{ ms: number }> {
  const began = performance.now()
  await work()
  return { ms: Math.round((performance.now() - began) * 10) / 10 }
}

function middle(times: number[]): number {
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
}
