import type { ConnectMonitor } from '@stubdom/stubdom-agent'
import { type Clock, SimProcess } from '../engine/clock.ts'
import type { Random } from '../engine/random.ts'
import type { DeviceModelHistory, Effect, GuestMood, Presence } from './device-model.ts'
import { MonitorConnection, unavailable } from './monitor.ts'
import type { Files } from './save-directory.ts'

/** QEMU's answer to one command. */
export type Reply = { readonly value: unknown } | { readonly class: string; readonly desc: string }

/** What a QEMU is in. */
export interface QemuWorld {
  readonly clock: Clock
  readonly random: Random
  readonly history: DeviceModelHistory
  readonly files: Files
  readonly say: (text: string) => void
}

/** How a QEMU differs from the next one. */
export interface QemuTraits {
  /** ACPI hot-plug asks the guest again when told to; other machines say that they are at it. */
  readonly repeatsUnplug: boolean
  /** Its DEVICE_DELETED comes so late after the device went, in ms. */
  readonly finaliseMs: number
}

/**
 * A QEMU: a monitor that serves one client at a time and commands in their order, PCI devices, a run state, and a guest that is asked for its devices.
 * Source of the rules: QEMU, softmmu/qdev-monitor.c (qmp_device_add, qmp_device_del), hw/acpi/pcihp.c, monitor/qmp.c.
 */
export class SimQemu {
  readonly process: SimProcess
  /** What a command takes it, in ms, besides its usual time. */
  slowMs = 0
  mood: GuestMood = 'answers'
  /** The guest hears nothing of unplugging before that: its OS boots. */
  deafUntil = 0
  /** An event gets lost, or comes twice. */
  eventTrouble = 0
  readonly #clock: Clock
  readonly #random: Random
  readonly #history: DeviceModelHistory
  readonly #files: Files
  readonly #traits: QemuTraits
  readonly #say: (text: string) => void
  readonly #devices = new Map<string, Presence & { asked: boolean }>()
  #running = true
  #client: MonitorConnection | undefined
  #waiting: MonitorConnection[] = []

  constructor(name: string, world: QemuWorld, traits: QemuTraits) {
    this.process = new SimProcess(name)
    this.#clock = world.clock
    this.#random = world.random
    this.#history = world.history
    this.#files = world.files
    this.#traits = traits
    this.#say = world.say
    this.#setRunning(true)
  }

  /** A way to its monitor for an agent's process. */
  connector(agent: SimProcess): ConnectMonitor {
    return ({ path, timeoutMs = 5_000 }) => {
      if (!this.process.alive) return Promise.reject(unavailable(this.#random, path))
      const connection = new MonitorConnection(this.#clock, this.#random, this, agent)
      this.#waiting.push(connection)
      this.#clock.after(0.1, this.process, () => this.#greet())
      return connection.greeted(timeoutMs)
    }
  }

  kill(): void {
    if (!this.process.alive) return
    this.process.kill()
    for (const device of this.#devices.values()) device.to = this.#clock.now
    this.#devices.clear()
    this.#history.runStates.push({ from: this.#clock.now, running: undefined })
    for (const connection of [this.#client, ...this.#waiting]) connection?.lost()
  }

  /** The client hung up, or died. */
  hungUp(connection: MonitorConnection): void {
    this.#waiting = this.#waiting.filter(other => other !== connection)
    if (this.#client !== connection) return
    this.#client = undefined
    this.#greet()
  }

  /** A device that stood there from the start, by the toolstack's hand. */
  plug(qdevId: string, slot: number): void {
    this.#add(qdevId, slot, false)
  }

  get devices(): string[] {
    return [...this.#devices.keys()]
  }

  get running(): boolean {
    return this.#running
  }

  /** Milliseconds that the next command takes. */
  effort(): number {
    return this.slowMs === 0 ? this.#random.between(0.1, 2) : this.#random.between(this.slowMs / 2, this.slowMs)
  }

  carryOut(command: string, args: Readonly<Record<string, unknown>>): Reply {
    const reply = this.#carryOut(command, args)
    this.#say(
      `QEMU ${command} ${JSON.stringify(args)} -> ${'value' in reply ? JSON.stringify(reply.value) : reply.desc}`,
    )
    return reply
  }

  #carryOut(command: string, args: Readonly<Record<string, unknown>>): Reply {
    switch (command) {
      case 'qom-list':
        return { value: this.devices.map(name => ({ name, type: 'child<xen-pci-passthrough>' })) }
      case 'query-pci':
        return { value: [{ bus: 0, devices: [...this.#devices.values()].map(pciInfo) }] }
      case 'qom-get':
        return this.#property(String(args['path']).split('/').at(-1) ?? '', String(args['property']))
      case 'device_add':
        return this.#deviceAdd(String(args['id']), args['addr'], args['permissive'] === true)
      case 'device_del':
        return this.#deviceDel(String(args['id']))
      case 'query-status':
        return { value: { running: this.#running, status: this.#running ? 'running' : 'paused' } }
      case 'stop':
      case 'cont':
        return this.#stopOrGoOn(command)
      case 'xen-save-devices-state':
        return this.#save(String(args['filename']))
      default:
        return { class: 'CommandNotFound', desc: `The command ${command} has not been found` }
    }
  }

  #greet(): void {
    if (this.#client || !this.process.alive) return
    this.#client = this.#waiting.shift()
    this.#client?.greet()
  }

  #property(qdevId: string, property: string): Reply {
    const device = this.#devices.get(qdevId)
    if (!device) return { class: 'DeviceNotFound', desc: `Device '${qdevId}' not found` }
    return { value: property === 'addr' ? device.slot << 3 : property === 'permissive' ? device.permissive : null }
  }

  #deviceAdd(qdevId: string, addr: unknown, permissive: boolean): Reply {
    const slot = addr === undefined ? 31 - this.#devices.size : Number.parseInt(String(addr), 16)
    const isTaken = [...this.#devices.values()].some(device => device.slot === slot)
    const refusal = this.#devices.has(qdevId)
      ? `Duplicate device ID '${qdevId}'`
      : isTaken
        ? `PCI: slot ${slot} function 0 not available for xen-pci-passthrough`
        : undefined
    this.#effect({ command: 'device_add', subject: qdevId, slot, ok: refusal === undefined })
    if (refusal !== undefined) return { class: 'GenericError', desc: refusal }
    this.#add(qdevId, slot, permissive)
    return { value: {} }
  }

  #add(qdevId: string, slot: number, permissive: boolean): void {
    const device = { qdevId, slot, permissive, from: this.#clock.now, to: Number.POSITIVE_INFINITY, asked: false }
    this.#devices.set(qdevId, device)
    this.#history.presences.push(device)
  }

  #deviceDel(qdevId: string): Reply {
    const device = this.#devices.get(qdevId)
    this.#effect({ command: 'device_del', subject: qdevId, ok: device !== undefined })
    if (!device) return { class: 'DeviceNotFound', desc: `Device '${qdevId}' not found` }
    if (device.asked && !this.#traits.repeatsUnplug) {
      return { class: 'GenericError', desc: `Device ${qdevId} is already in the process of unplug` }
    }
    device.asked = true
    if (this.#clock.now < this.deafUntil) return { value: {} }
    const ms = this.#random.chance(0.3) ? 0 : this.#random.between(0, this.#random.chance(0.2) ? 20_000 : 300)
    if (ms === 0) this.#guestAnswers(device)
    else this.#clock.after(ms, this.process, () => this.#guestAnswers(device))
    return { value: {} }
  }

  #guestAnswers(device: Presence & { asked: boolean }): void {
    const { qdevId } = device
    if (this.#devices.get(qdevId) !== device || !device.asked || this.mood === 'ignores') return
    if (this.mood === 'refuses') {
      device.asked = false
      this.#history.refusals.push({ at: this.#clock.now, qdevId })
      return this.#emit('DEVICE_UNPLUG_GUEST_ERROR', { device: qdevId, path: `/machine/peripheral/${qdevId}` })
    }
    device.to = this.#clock.now
    this.#devices.delete(qdevId)
    const ms = this.#random.chance(0.5) ? 0 : this.#random.between(0, this.#traits.finaliseMs)
    const path = `/machine/peripheral/${qdevId}`
    this.#clock.after(ms, this.process, () => this.#emit('DEVICE_DELETED', { device: qdevId, path }))
  }

  #stopOrGoOn(command: 'stop' | 'cont'): Reply {
    const running = command === 'cont'
    this.#effect({ command, subject: '', ok: true })
    if (running !== this.#running) {
      this.#setRunning(running)
      this.#emit(running ? 'RESUME' : 'STOP', {})
    }
    return { value: {} }
  }

  #save(file: string): Reply {
    const ok = this.#files.has(file) && this.#random.chance(0.9)
    this.#effect({ command: 'save', subject: file, ok })
    if (!ok) return { class: 'GenericError', desc: 'No space left on device' }
    this.#files.set(file, `state of ${this.devices.join()} at ${this.#clock.now}`)
    return { value: {} }
  }

  #setRunning(running: boolean): void {
    this.#running = running
    this.#history.runStates.push({ from: this.#clock.now, running })
  }

  #effect(effect: Omit<Effect, 'at'>): void {
    this.#history.effects.push({ at: this.#clock.now, ...effect })
  }

  #emit(event: string, data: Record<string, unknown>): void {
    this.#say(`QEMU event ${event} ${JSON.stringify(data)}`)
    if (this.#random.chance(this.eventTrouble)) return
    const times = this.#random.chance(this.eventTrouble) ? 2 : 1
    for (let time = 0; time < times; time++) this.#client?.event(event, data)
  }
}

function pciInfo({ qdevId, slot }: Presence): object {
  return { bus: 0, slot, function: 0, id: { vendor: 0x1234, device: 0x11e8 }, qdev_id: qdevId }
}
