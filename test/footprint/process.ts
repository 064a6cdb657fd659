import { readdir, readFile } from 'node:fs/promises'

/** What the kernel says of a process’s memory and threads. Bytes. */
export interface ProcessStatus {
  readonly resident: number
  /** Of that, what is no page of a file: it cannot be dropped and read again. */
  readonly anonymous: number
  readonly threads: number
}

/** Source: Linux, Documentation/filesystems/proc.rst. */
export async function processStatus(pid: number): Promise<ProcessStatus> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const field = (name: string): number => {
    const value = new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1]
    if (value === undefined) throw new Error(`/proc/${pid}/status has no ${name}`)
    return Number(value)
  }
  return { resident: field('VmRSS') * 1024, anonymous: field('RssAnon') * 1024, threads: field('Threads') }
}

/** Milliseconds of processor time that all of its threads have had: what a busy machine does not change. Source: Linux, Documentation/scheduler/sched-stats.rst. */
export async function processorMs(pid: number): Promise<number> {
  const tasks = await readdir(`/proc/${pid}/task`)
  const times = await Promise.all(tasks.map(task => readFile(`/proc/${pid}/task/${task}/schedstat`, 'utf8')))
  return times.reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1e6, 0)
}
