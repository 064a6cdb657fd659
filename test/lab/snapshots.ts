import { execFileSync } from 'node:child_process'
import { createHash, type Hash } from 'node:crypto'
import { createReadStream, existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { CACHE, dropOthers } from './cache.ts'
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

/** What the two snapshots of a machine are: one in which dom0 is up and waits for its payload, and one in which the payload has laid out guests. */
export async function snapshotsOf(files: MachineFiles): Promise<{ booted: Snapshot; prepared: Snapshot }> {
  const hash = createHash('sha256')
  for (const file of [files.hypervisor, files.kernel, files.ramdisk]) await addFile(hash, file)
  const names = Object.fromEntries(Object.keys(files).map(name => [name, name])) as unknown as MachineFiles
  hash.update(commandLine(names).join('\0'))
  hash.update(execFileSync('qemu-system-x86_64', ['--version']))
  const booted = new Snapshot('booted', digest(hash.copy()))
  await addFile(hash, files.payload)
  return { booted, prepared: new Snapshot('prepared', digest(hash)) }
}

async function addFile(hash: Hash, file: string): Promise<void> {
  await pipeline(createReadStream(file), hash, { end: false })
}

function digest(hash: Hash): string {
  return hash.digest('hex').slice(0, 24)
}
