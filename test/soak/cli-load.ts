import { setTimeout as delay } from 'node:timers/promises'
import { startStubdomctl } from '@stubdom/demo'
import type { Random } from '../support/random.ts'
import type { Setting } from './setting.ts'
import { addProblem, countError, emptyTally, type Tally } from './tally.ts'

/** Milliseconds between two of them, at most. */
const PAUSE_MS_MAX = 4_000

/** As a person types them; none leaves a device behind, since nobody would detach it. */
const COMMAND_LINES = [
  ['ping'],
  ['status'],
  ['pci-list'],
  ['dm-cont'],
  ['--timeout', '0.05', 'ping'],
  ['--timeout', '3', 'pci-detach', '%', '03:01.0'],
]

/** People with `stubdomctl`, one after the other; some are killed on the way, some press Ctrl-Z for a while. */
export class CliLoad {
  readonly tally: Tally = emptyTally()
  readonly #setting: Setting
  readonly #random: Random
  readonly #stopping = new AbortController()
  readonly #run: Promise<void>

  static begin(setting: Setting, random: Random): CliLoad {
    return new CliLoad(setting, random)
  }

  private constructor(setting: Setting, random: Random) {
    this.#setting = setting
    this.#random = random
    this.#run = this.#type()
  }

  async end(): Promise<void> {
    this.#stopping.abort()
    await this.#run
  }

  async #type(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await this.#command()
      await delay(this.#random.below(PAUSE_MS_MAX), undefined, { signal }).catch(() => {})
    }
  }

  async #command(): Promise<void> {
    const random = this.#random
    const { name, world } = random.pick(this.#setting.inhabitants)
    const words = random.pick(COMMAND_LINES)
    const line = words.includes('%') ? words.map(word => (word === '%' ? name : word)) : [...words, name]
    const running = startStubdomctl(['--json', ...line], world.environment)
    if (random.oneIn(6)) await disturb(running.signal, random)
    const { exitCode, stdout, stderr } = await running.finished
    if (exitCode === 0) this.tally.done++
    else if (exitCode > 128) countError(this.tally, 'killed', '')
    else this.#count(line.join(' '), stdout, stderr)
  }

  #count(line: string, stdout: string, stderr: string): void {
    try {
      const { code, message } = (JSON.parse(stdout) as { error: { code: string; message: string } }).error
      countError(this.tally, code, `stubdomctl ${line}: ${code}: ${message}`)
    } catch {
      addProblem(this.tally, `stubdomctl ${line} printed no document: ${stdout} ${stderr}`)
    }
  }
}

async function disturb(signal: (name: NodeJS.Signals) => void, random: Random): Promise<void> {
  await delay(random.below(400))
  if (random.oneIn(2)) return signal('SIGKILL')
  signal('SIGSTOP')
  await delay(random.below(3_000))
  signal('SIGCONT')
}
