import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Contestant } from './contestant.ts'
import type { Schedule } from './side-by-side.ts'

const TOP = 8

/** What of V8's .cpuprofile is used here. */
interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { functionName: string; url: string } }[]
  readonly samples: readonly number[]
}

/** Runs one of our contestants alone, under V8's profiler, and says in which functions it spent its time. */
export function profileOf(name: string, args: readonly string[], schedule: Omit<Schedule, 'warmUp'>): Promise<string> {
  return withProfiles(name, async flags => {
    const contestant = new Contestant(process.execPath, [...flags, ...args])
    for (let round = 0; round < schedule.rounds; round++) {
      await contestant.round(schedule.count)
      await sleep(schedule.pauseMs ?? 0)
    }
    await contestant.stop()
    return ''
  })
}

/** Gives `work` the flags for a Node that is to be profiled and that has ended when `work` has; what `work` says comes first. */
export async function withProfiles(name: string, work: (flags: readonly string[]) => Promise<string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'bench-'))
  try {
    const before = await work(['--cpu-prof', `--cpu-prof-dir=${dir}`])
    const files = await readdir(dir)
    const texts = await Promise.all(files.map(file => readFile(join(dir, file), 'utf8')))
    return `${before}${texts.map(text => `${name}, % of its busy time:\n${summary(JSON.parse(text))}`).join('')}`
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** The functions that were on top of the stack most often. */
function summary({ nodes, samples }: CpuProfile): string {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName || `(in ${callFrame.url})`]))
  const self = new Map<string, number>()
  for (const sample of samples) {
    const name = names.get(sample) ?? ''
    if (name !== '(idle)') self.set(name, (self.get(name) ?? 0) + 1)
  }
  const busy = [...self.values()].reduce((sum, count) => sum + count, 0)
  const top = [...self].toSorted(([, a], [, b]) => b - a).slice(0, TOP)
  return top.map(([name, count]) => `  ${((100 * count) / busy).toFixed(1).padStart(5)}  ${name}\n`).join('')
}
