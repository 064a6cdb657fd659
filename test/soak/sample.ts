import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Resting } from './messages.ts'
import type { Setting } from './setting.ts'

/** A process as the kernel sees it. */
export interface ProcessSample {
  readonly pid: number
  readonly rssBytes: number
  readonly descriptors: number
}

/** Everything that could leak, at a moment when nothing is under way. */
export interface Sample {
  /** Seconds since the soak began. */
  readonly at: number
  /** Of the whole store. */
  readonly nodes: number
  readonly watches: number
  readonly transactions: number
  /** Requests and responses that stand there: those whose outcome is unknown are kept for a while. */
  readonly left: number
  /** In the directory of saved states. */
  readonly stateFiles: number
  /** In use in the dom0 process after a collection. */
  readonly dom0HeapBytes: number
  /** `xenstored`, `dom0`, and the agents by their guests' names. */
  readonly processes: Readonly<Record<string, ProcessSample>>
}

export async function takeSample(setting: Setting, at: number, { heapBytes }: Resting): Promise<Sample> {
  const { xenstored, dom0, inhabitants, saveDirectory } = setting
  const { nodes, watches, transactions = 0 } = await xenstored.counts()
  const pids: [string, number | undefined][] = [
    ['xenstored', xenstored.pid],
    ['dom0', dom0.pid],
    ...inhabitants.map(({ name, world }): [string, number | undefined] => [`agent of ${name}`, world.agent?.pid]),
  ]
  const processes = pids.map(async ([name, pid]) => [name, await sampleProcess(pid ?? 0)] as const)
  return {
    at,
    nodes,
    watches,
    transactions,
    left: (await Promise.all(inhabitants.map(({ world }) => countLeft(setting, world.controlDirectory)))).reduce(sum),
    stateFiles: (await readdir(saveDirectory)).length,
    dom0HeapBytes: heapBytes,
    processes: Object.fromEntries(await Promise.all(processes)),
  }
}

async function sampleProcess(pid: number): Promise<ProcessSample> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1')
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? []
  return {
    pid,
    rssBytes: Number(kilobytes) * 1_024,
    descriptors: (await readdir(join('/proc', `${pid}`, 'fd'))).length,
  }
}

/** Requests and responses below a control directory. */
export async function countLeft({ xenstored }: Setting, controlDirectory: string): Promise<number> {
  const list = (path: string) => xenstored.dom0.list(`${controlDirectory}/${path}`).catch(() => [])
  const counts = ['dom0/request', 'stubdom/response'].map(async side => {
    const commands = await list(side)
    const ids = await Promise.all(commands.map(command => list(`${side}/${command}`)))
    return ids.flat().length
  })
  return (await Promise.all(counts)).reduce(sum)
}

function sum(a: number, b: number): number {
  return a + b
}
