import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bootMachine } from './boot.ts'
import { EventStream } from './event-stream.ts'
import type { LabEvent } from './events.ts'
import type { MachineFiles } from './machine/command-line.ts'
import type { Machine } from './machine/machine.ts'
import type { MachineDirectory } from './run-directory.ts'

/** The disk's size is part of the machine, and so of the snapshot. */
const PAYLOAD_BYTES = 256 << 20

/** One machine of a run, from its boot until dom0 has done what it was asked to. */
export class LabMachine {
  readonly #files: MachineFiles
  readonly #take: (event: LabEvent) => void
  #machine: Machine | undefined
  #events: EventStream | undefined

  /**
   * @param boot the directory with what it boots
   * @param payload what dom0 unpacks
   * @param take is given what dom0 tells
   */
  constructor(boot: string, directory: MachineDirectory, payload: Buffer, take: (event: LabEvent) => void) {
    const file = (name: string) => directory.file(name)
    writeFileSync(file('payload'), payload)
    truncateSync(file('payload'), PAYLOAD_BYTES)
    this.#files = {
      hypervisor: join(boot, 'xen'),
      kernel: join(boot, 'vmlinux'),
      ramdisk: join(boot, 'dom0.cpio'),
      payload: file('payload'),
      consoleLog: join(directory.logs, 'xen-and-dom0.log'),
      events: file('events'),
      shell: file('shell'),
      qmp: file('qmp'),
    }
    this.#take = event => {
      if (event.event === 'log') directory.log(event.file, event.text)
      else take(event)
    }
  }

  /** Resolves when dom0 waits for its payload. */
  async boot(options: { fresh: boolean; interactive: boolean }): Promise<'booted' | 'snapshot'> {
    const { how } = await bootMachine(this.#files, options, started => {
      this.#machine = started
      this.#events = new EventStream(started.events, this.#take)
      return this.#events
    })
    return how
  }

  /** Lets dom0 begin; resolves when it is done. @throws when the machine ends before */
  async run(converse?: (machine: Machine) => Promise<void>): Promise<void> {
    const [machine, events] = [this.#machine, this.#events]
    if (!machine || !events) throw new Error('the machine has not been booted')
    const died = machine.exited.then(reason => {
      throw new Error(`the machine ended: ${reason}`)
    })
    died.catch(() => undefined)
    machine.events.write('go\n')
    if (converse) {
      await Promise.race([events.ready, died])
      await Promise.race([converse(machine), events.ended])
    } else await Promise.race([events.ended, died])
  }

  /** Seconds of the host's processors that it has used. */
  get processorSeconds(): number {
    return this.#machine?.processorSeconds ?? 0
  }

  async end(): Promise<void> {
    await this.#machine?.end()
  }
}
