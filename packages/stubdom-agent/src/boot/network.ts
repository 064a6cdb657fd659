import { access, constants } from 'node:fs/promises'
import type { Logger } from '../logger.ts'
import type { Tap } from './command-line.ts'
import { describeExit, Program } from './program.ts'

/** Milliseconds that a script may take. */
const SCRIPT_MS = 10_000

/**
 * Connects QEMU's network interfaces to the stubdomain's and disconnects them. libxl tells QEMU to run no script for them (script=no), since in dom0 its
 * hotplug scripts do it; in a stubdomain /etc/qemu-ifup and /etc/qemu-ifdown are given the interface's name.
 */
export class Network {
  readonly #directory: string
  readonly #log: Logger
  #taps: readonly Tap[] = []
  #turn: Promise<void> = Promise.resolve()

  constructor(log: Logger, directory = '/etc') {
    this.#directory = directory
    this.#log = log
  }

  /** QEMU is up, and so are its interfaces. */
  up(taps: readonly Tap[]): void {
    this.#taps = taps
    for (const { ifname } of taps) this.#run('qemu-ifup', ifname)
  }

  /** QEMU removed a device, as a guest with drivers of its own makes it do. */
  removed(device: string): void {
    const without = this.#taps.filter(tap => tap.devices.includes(device))
    this.#taps = this.#taps.filter(tap => !without.includes(tap))
    for (const { ifname } of without) this.#run('qemu-ifdown', ifname)
  }

  /** QEMU has ended. Resolves when all scripts have. */
  down(): Promise<void> {
    for (const { ifname } of this.#taps) this.#run('qemu-ifdown', ifname)
    this.#taps = []
    return this.#turn
  }

  #run(name: string, ifname: string): void {
    this.#turn = this.#turn.then(async () => {
      const path = `${this.#directory}/${name}`
      try {
        await access(path, constants.X_OK)
      } catch {
        return
      }
      const log = this.#log.child({ script: path, ifname })
      const script = new Program(path, [ifname], log)
      const killer = setTimeout(() => void script.stop(0), SCRIPT_MS)
      const exit = await script.exited
      clearTimeout(killer)
      if (exit.code !== 0) log.warn(`the script ${describeExit(exit)}`)
    })
  }
}
