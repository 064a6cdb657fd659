import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EventStream } from './event-stream.ts'
import type { LabEvent, LabRequest, LabTests } from './events.ts'
import type { BootFiles } from './images/boot-files.ts'
import type { MachineFiles } from './machine/command-line.ts'
import { Machine } from './machine/machine.ts'
import type { MachineDirectory } from './run-directory.ts'
import type { Snapshots } from './snapshots.ts'

/** The disk's size is part of the machine, and so of the snapshot. */
const PAYLOAD_BYTES = 256 << 20

/** What a machine starts with: nothing, a dom0 that waits for its payload, or guests laid out as well. */
export type Beginning = 'nothing' | 'booted' | 'prepared'

/** One machine of a run, from its boot until dom0 has done what it was asked to. */
export class LabMachine {
  readonly #files: MachineFiles
  readonly #snapshots: Snapshots
  readonly #take: (event: LabEvent) => void
  #running: { readonly machine: Machine; readonly events: EventStream } | undefined
  /** How many of them it was asked to test. */
  #topics = 0

  /**
   * @param boot what it boots
   * @param payload what dom0 unpacks
   * @param snapshots of such a machine
   * @param take is given what dom0 tells
   */
  constructor(
    boot: BootFiles,
    directory: MachineDirectory,
    payload: Buffer,
    snapshots: Snapshots,
    take: (event: LabEvent) => void,
  ) {
    this.#snapshots = snapshots
    const file = (name: string) => directory.file(name)
    writeFileSync(file('payload'), payload)
    truncateSync(file('payload'), PAYLOAD_BYTES)
    this.#files = {
      ...boot,
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

  /** Resolves when dom0 is up; where it has to be booted the snapshot is taken. @param interactive a person uses it */
  async start(beginning: Beginning, interactive: boolean): Promise<void> {
    const { booted, prepared } = this.#snapshots
    if (beginning === 'prepared') {
      await this.#power({ snapshot: prepared.file, interactive })
      return
    }
    const { machine, events } = await this.#power({
      snapshot: beginning === 'booted' ? booted.file : undefined,
      interactive,
    })
    if (beginning === 'nothing') {
      await this.#orDied(events.reached('booted'))
      await booted.take(machine)
    }
    machine.events.write('go\n')
  }

  async #power(options: { snapshot?: string | undefined; interactive: boolean }) {
    const machine = await Machine.start(this.#files, options)
    this.#running = { machine, events: new EventStream(machine.events, this.#take) }
    return this.#running
  }

  /** Has dom0 lay out guests, and takes the snapshot of that. @throws when it cannot, or the machine ends before */
  async prepare(): Promise<void> {
    const { machine, events } = this.#ready
    this.#ask({ mode: 'prepare' })
    const failed = events.reached('ended').then(() => {
      throw new Error('the guests that tests begin with could not be laid out')
    })
    await this.#orDied(Promise.race([events.reached('prepared'), failed]))
    await this.#snapshots.prepared.take(machine)
  }

  /** Has dom0 run tests; false when it can run no more after them. @throws when the machine ends before */
  async test(tests: Omit<LabTests, 'mode'>): Promise<boolean> {
    const { events } = this.#ready
    this.#ask({ mode: 'test', ...tests })
    const isDone = events.reached('done', ++this.#topics).then(() => true)
    return await this.#orDied(Promise.race([isDone, events.reached('ended').then(() => false)]))
  }

  /** Has dom0 measure, or, when the tests are over, end what it does; resolves when it has. @throws when the machine ends before */
  async finish(mode: 'bench' | 'end'): Promise<void> {
    this.#ask({ mode })
    await this.#orDied(this.#ready.events.reached('ended'))
  }

  /** Lets a person have a shell in dom0; resolves when that is over. @throws when the machine ends before there is one */
  async shell(converse: (machine: Machine) => Promise<void>): Promise<void> {
    const { machine, events } = this.#ready
    const { columns = 80, rows = 24 } = process.stdout
    this.#ask({ mode: 'shell', terminal: { rows, columns } })
    await this.#orDied(events.reached('ready'))
    await Promise.race([converse(machine), events.reached('ended')])
  }

  /** Seconds of the host's processors that it has used. */
  get processorSeconds(): number {
    return this.#running?.machine.processorSeconds ?? 0
  }

  async end(): Promise<void> {
    await this.#running?.machine.end()
  }

  #ask(request: LabRequest): void {
    this.#ready.machine.events.write(`${JSON.stringify(request)}\n`)
  }

  #orDied<T>(done: Promise<T>): Promise<T> {
    const died = this.#ready.machine.exited.then(reason => {
      throw new Error(`the machine ended: ${reason}`)
    })
    return Promise.race([done, died])
  }

  get #ready() {
    if (!this.#running) throw new Error('the machine has not been started')
    return this.#running
  }
}
