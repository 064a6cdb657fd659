import { readFile } from 'node:fs/promises'

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
