import { execFileSync } from 'node:child_process'
import { createHash, type Hash } from 'node:crypto'
import { createReadStream, existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { CACHE, dropOthers } from './cache.ts'
import type { BootFiles } from './images/boot-files.ts'
import { commandLine, type MachineFiles } from './machine/command-line.ts'
import type { Machine } from './machine/machine.ts'

/** A machine's state in the cache, or the place for it. Of each kind only the newest is kept. */
export class Snapshot {
  readonly file: string
  readonly #kind: string

  /** @param kind of which it is @param content decides what is in it */
  constructor(kind: 'booted' | 'prepared', content: string) {
    this.#kind = kind
    this.file = join(CACHE, `${kind}-${content}`)
  }

  get exists(): boolean {
    return existsSync(this.file)
  }

  /** The machine goes on afterwards. */
  async take(machine: Machine): Promise<void> {
    mkdirSync(CACHE, { recursive: true })
    const partial = `${this.file}.${process.pid}`
    await machine.save(partial)
    dropOthers(this.#kind)
    renameSync(partial, this.file)
  }
}

/** One in which dom0 is up and waits for its payload, and one in which the payload has laid out guests. */
export interface Snapshots {
  readonly booted: Snapshot
  readonly prepared: Snapshot
}

/** Where these lie is nothing to a snapshot. */
const SOMEWHERE: MachineFiles = {
  hypervisor: 'hypervisor',
  kernel: 'kernel',
  ramdisk: 'ramdisk',
  payload: 'payload',
  consoleLog: 'consoleLog',
  events: 'events',
  shell: 'shell',
  qmp: 'qmp',
}

/** What the snapshots of a machine are that boots these files and is handed this payload. */
export async function snapshotsOf(boot: BootFiles, payload: Buffer): Promise<Snapshots> {
  const hash = createHash('sha256')
  for (const file of [boot.hypervisor, boot.kernel, boot.ramdisk]) await addFile(hash, file)
  hash.update(commandLine(SOMEWHERE).join('\0'))
  hash.update(execFileSync('qemu-system-x86_64', ['--version']))
  const booted = new Snapshot('booted', digest(hash.copy()))
  hash.update(payload)
  return { booted, prepared: new Snapshot('prepared', digest(hash)) }
}

async function addFile(hash: Hash, file: string): Promise<void> {
  await pipeline(createReadStream(file), hash, { end: false })
}

function digest(hash: Hash): string {
  return hash.digest('hex').slice(0, 24)
}
