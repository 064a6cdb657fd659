import { join } from 'node:path'
import { filter, firstValueFrom, switchMap, timeout } from 'rxjs'
import { formatTree } from './control-tree.ts'
import { type Finished, type Running, startStubdomctl } from './shell.ts'
import type { World } from './world/world.ts'

interface Step {
  /** One line before it: why. */
  readonly about: string
  /** As a person would type it, without `stubdomctl`. */
  readonly command: string
  /** How it must end; 0 unless said otherwise. */
  readonly exitCode?: number
  /** What its output must hold besides. */
  readonly shows?: RegExp
}

/**
 * Plays the main job: every command a process of its own, travelling through Xenstore to the agent and on to a real QEMU. It prints each as a person would
 * type it, with its output and its time, and counts those that did not end as they should.
 */
export class Demo {
  readonly #world: World
  readonly #print: (text: string) => void
  steps = 0
  failed = 0

  constructor(world: World, print: (text: string) => void) {
    this.#world = world
    this.#print = print
  }

  async play(): Promise<void> {
    const { name } = this.#world.domains
    await this.#step({ about: 'the way to the agent and back', command: `ping -c 5 ${name}`, shows: /median/ })
    await this.#step({ about: 'which guests have a stubdomain', command: 'list', shows: new RegExp(name) })
    await this.#step({ about: 'how QEMU is', command: `status ${name}`, shows: /running/ })
    await this.#step({ about: 'hot-plug a device', command: `pci-attach ${name} 03:00.0@07`, shows: /03:00\.0/ })
    await this.#step({ about: 'QEMU has it', command: `pci-list ${name}`, shows: /03:00\.0/ })
    const file = join(this.#world.directory, `${name}.state`)
    const save = `save-state ${name} ${file}`
    await this.#step({ about: 'save the device model’s state; it stays stopped', command: save, shows: /bytes/ })
    await this.#detachWhileStopped(name)
    await this.#step({ about: 'nothing is left in the control directory', command: `ls ${name}` })
    const again = `pci-detach ${name} 03:00.0`
    await this.#step({ about: 'a command that fails says why', command: again, exitCode: 1, shows: /not attached/ })
  }

  /** The stopped guest cannot answer the unplug: time to look at a command in flight. */
  async #detachWhileStopped(name: string): Promise<void> {
    const detach = { about: 'unplug it; the stopped guest cannot answer yet', command: `pci-detach ${name} 03:00.0` }
    this.#announce(detach, ' &')
    const running = this.#start(detach)
    await this.#accepted()
    await this.#step({ about: 'meanwhile the control directory, decoded', command: `ls ${name}`, shows: /accepted/ })
    await this.#showTree()
    await this.#step({ about: 'the device model goes on', command: `dm-cont ${name}`, shows: /running/ })
    this.#print('\n# the guest has answered: the unplug that waited is done\n')
    this.#judge({ ...detach, shows: /03:00\.0/ }, await running.finished)
  }

  async #showTree(): Promise<void> {
    const { dom0, controlDirectory } = this.#world
    this.#print(`\n# the same as it stands in Xenstore\n$ xenstore-ls -f ${controlDirectory}\n`)
    this.#print(`${await formatTree(dom0, controlDirectory)}\n`)
  }

  async #step(step: Step): Promise<void> {
    this.#announce(step)
    this.#judge(step, await this.#start(step).finished)
  }

  #start({ command }: Step): Running {
    return startStubdomctl(command.split(' '), this.#world.environment)
  }

  #announce({ about, command }: Step, background = ''): void {
    this.#print(`\n# ${about}\n$ stubdomctl ${command}${background}\n`)
  }

  #judge({ exitCode = 0, shows = /^/ }: Step, finished: Finished): void {
    const output = `${finished.stdout}${finished.stderr}`.trimEnd()
    const well = finished.exitCode === exitCode && shows.test(output)
    this.steps++
    if (!well) this.failed++
    const verdict = well ? '' : `  FAILED: exit ${exitCode} and ${shows} were expected`
    this.#print(`${output}\n  (exit ${finished.exitCode}, ${finished.ms.toFixed(0)} ms)${verdict}\n`)
  }

  /** QEMU has asked the guest for the device: says so a response below the command's directory. */
  async #accepted(): Promise<void> {
    const { dom0, controlDirectory } = this.#world
    const accepted = dom0.watch(`${controlDirectory}/stubdom/response/pci-detach`).pipe(
      switchMap(path => dom0.readIfExists(path)),
      filter(value => value?.includes('"accepted"') === true),
      timeout(10_000),
    )
    await firstValueFrom(accepted)
  }
}
