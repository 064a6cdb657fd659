import {
  type CommandArgs,
  type CommandName,
  type CommandResult,
  formatBdf,
  type PciAttachArgs,
  type PendingResponse,
  parseBdf,
} from '@stubdom/protocol'
import type { NamedPair } from './domains/resolve.ts'
import { UsageError } from './errors.ts'
import {
  attach,
  detach,
  deviceModelPart,
  type HotPlug,
  type PlumbedAttach,
  type PlumbedDetach,
} from './plumb/hot-plug.ts'
import type { Plumbing } from './plumb/plumbing.ts'
import { type RestoreStateArgs, StateRestoring } from './restore/restore-state.ts'
import { type SaveStateArgs, StateSaving } from './save/save-state.ts'
import { type CommandOptions, checkId, timing } from './session/options.ts'
import { type Controls, type RunningCommand, runCommand } from './session/running-command.ts'
import type { Order, Session } from './session/session.ts'
import type { StateWays } from './state/choice.ts'
import { translated } from './xenstore-errors.ts'

/** Milliseconds for letting a device model go on that was stopped for a state which is lost; its grace comes on top. */
const LET_GO_ON_MS = 10_000

/** What a stubdomain needs of who made it. */
export interface StubdomainContext {
  readonly session: Session
  readonly newId: () => string
  readonly ways: StateWays
  /** Made anew for each command, and closed with it. */
  readonly plumbing: () => Plumbing
}

/** What was saved, and what the device model does now. */
export type SavedState = Omit<CommandResult<'save-state'>, 'data'>

/** A command that dom0 has a part in. */
interface Prepared<N extends CommandName> extends Order<N> {
  /** Told what the agent says on the way. */
  readonly onPending?: (response: PendingResponse) => void
  /** Called when the command has failed: the error to end with. */
  readonly explained?: (error: unknown) => unknown
  /** Called when it is over. */
  readonly end?: () => Promise<void>
}

/**
 * A stubdomain that commands can be given to. It is bound to the domids it was found with: no name is resolved anew. Each method begins its command at
 * once; `result` rejects with a Dom0Error.
 */
export class Stubdomain {
  /** Of the guest. */
  readonly name: string
  /** Of the guest. */
  readonly domid: number
  /** Of the stubdomain itself. */
  readonly stubdomainDomid: number
  readonly #context: StubdomainContext

  constructor(pair: NamedPair, context: StubdomainContext) {
    this.name = pair.name
    this.domid = pair.guest
    this.stubdomainDomid = pair.stubdomain
    this.#context = context
  }

  /**
   * Does what the first command would have to do first: makes the control directory if need be, waits for the agent and clears away what expired.
   * @throws Dom0Error
   */
  ready(): Promise<void> {
    return translated(() => this.#context.session.prepare())
  }

  /** A round trip to the agent; QEMU is not asked. */
  ping(options?: CommandOptions): RunningCommand<CommandResult<'ping'>> {
    return this.#plain('ping', {}, options)
  }

  /** How the agent and QEMU are, and what is in flight. */
  status(options?: CommandOptions): RunningCommand<CommandResult<'status'>> {
    return this.#plain('status', {}, options)
  }

  /** Hot-plugs a device that is assigned to the stubdomain; the result says where the guest sees it and which options were applied. */
  pciAttach(args: PciAttachArgs, options?: CommandOptions): RunningCommand<CommandResult<'pci-attach'>> {
    return this.#plain('pci-attach', () => ({ ...args, bdf: canonicalBdf(args.bdf) }), options)
  }

  /** Asks the guest to give a device up; done when QEMU has deleted it. */
  pciDetach(args: { readonly bdf: string }, options?: CommandOptions): RunningCommand<CommandResult<'pci-detach'>> {
    return this.#plain('pci-detach', () => ({ bdf: canonicalBdf(args.bdf) }), options)
  }

  /**
   * As `pciAttach`, with what only a toolstack can do before it: pciback, the hypercalls, libxl's record. The device must be assignable (pciback has it), or
   * `seize`. All options are carried out.
   */
  pciAttachPlumbed(args: PciAttachArgs, options: CommandOptions = {}): RunningCommand<PlumbedAttach> {
    return this.#plumbed(options, (plumbing, hotPlug, controls) => {
      const spec = { ...args, bdf: canonicalBdf(args.bdf) }
      const order = { id: hotPlug.id, command: 'pci-attach' as const, args: deviceModelPart(spec), options }
      return attach(plumbing, spec, { ...hotPlug, give: () => this.#context.session.give(order, controls) })
    })
  }

  /** As `pciDetach`, and then takes the device from the stubdomain and the guest, so that it is assignable again. */
  pciDetachPlumbed(args: { readonly bdf: string }, options: CommandOptions = {}): RunningCommand<PlumbedDetach> {
    return this.#plumbed(options, (plumbing, hotPlug, controls) => {
      const bdf = canonicalBdf(args.bdf)
      const order = { id: hotPlug.id, command: 'pci-detach' as const, args: { bdf }, options }
      return detach(plumbing, bdf, { ...hotPlug, give: () => this.#context.session.give(order, controls) })
    })
  }

  /** The passed-through devices that QEMU has. */
  pciList(options?: CommandOptions): RunningCommand<CommandResult<'pci-list'>> {
    return this.#plain('pci-list', {}, options)
  }

  /** Stops the device model; the guest's vCPUs belong to Xen and go on. */
  dmStop(options?: CommandOptions): RunningCommand<CommandResult<'dm-stop'>> {
    return this.#plain('dm-stop', {}, options)
  }

  /** Lets the device model go on. */
  dmCont(options?: CommandOptions): RunningCommand<CommandResult<'dm-cont'>> {
    return this.#plain('dm-cont', {}, options)
  }

  /**
   * Saves the device model's state, without any RAM, and resolves when it stands whole in the file. One that the agent sent and that did not arrive takes up to 12 s
   * beyond the deadline: a device model that was stopped for it is let go on.
   */
  saveState(args: SaveStateArgs, options: CommandOptions = {}): RunningCommand<SavedState> {
    const command = this.#run('save-state', options, async order => {
      const saving = await StateSaving.prepare(order.id, args, this.#context.ways, options.id !== undefined)
      return {
        ...order,
        args: saving.args,
        check: hello => saving.check(hello),
        beforeCollect: result => saving.collect(result, () => this.dmCont({ timeoutMs: LET_GO_ON_MS }).result),
        end: () => saving.end(),
      }
    })
    const result = command.result.then(withoutData)
    result.catch(() => undefined)
    return { ...command, result }
  }

  /** Gives a saved state to a device model that was started to wait for one, and resolves when it has loaded it. */
  restoreState(args: RestoreStateArgs, options: CommandOptions = {}): RunningCommand<CommandResult<'restore-state'>> {
    return this.#run('restore-state', options, async order => {
      const restoring = await StateRestoring.prepare(order.id, args, this.#context.ways, options.id !== undefined)
      return {
        ...order,
        args: hello => restoring.argsFor(hello),
        onPending: response => restoring.onPending(response),
        explained: error => restoring.explained(error),
        end: () => restoring.end(),
      }
    })
  }

  #plain<N extends CommandName>(
    command: N,
    args: CommandArgs<N> | (() => CommandArgs<N>),
    options: CommandOptions | undefined,
  ): RunningCommand<CommandResult<N>> {
    return this.#run(command, options, async order => ({ ...order, args: typeof args === 'function' ? args() : args }))
  }

  /** Begins a hot-plug; nothing is done to the host before an agent is known to be there. */
  #plumbed<R>(
    options: CommandOptions,
    body: (plumbing: Plumbing, hotPlug: Omit<HotPlug<never>, 'give'>, controls: Controls) => Promise<R>,
  ): RunningCommand<R> {
    const id = options.id ?? this.#context.newId()
    return runCommand(id, options.signal, async controls => {
      checkId(id)
      const pickUp = options.id !== undefined
      if (!pickUp) await this.#context.session.prepare()
      const { deadlineMs } = timing('pci-attach', options)
      const hotPlug = { id, pickUp, waitMs: deadlineMs, signal: controls.signal }
      const plumbing = this.#context.plumbing()
      try {
        return await body(plumbing, hotPlug, controls)
      } finally {
        await plumbing.close()
      }
    })
  }

  #run<N extends CommandName>(
    command: N,
    options: CommandOptions = {},
    prepare: (order: Omit<Order<N>, 'args'>) => Promise<Prepared<N>>,
  ): RunningCommand<CommandResult<N>> {
    const id = options.id ?? this.#context.newId()
    return runCommand(id, options.signal, async (controls: Controls) => {
      checkId(id)
      const order = await prepare({ id, command, options })
      const onProgress = (response: PendingResponse): void => {
        order.onPending?.(response)
        controls.onProgress(response)
      }
      try {
        return await this.#context.session.give(order, { ...controls, onProgress })
      } catch (error) {
        throw order.explained?.(error) ?? error
      } finally {
        await order.end?.()
      }
    })
  }
}

/** The state itself is in the file. */
function withoutData({ channel, bytes, sha256, before, runState }: SavedState): SavedState {
  return { channel, bytes, sha256, before, runState }
}

function canonicalBdf(text: string): string {
  const bdf = parseBdf(text)
  if (bdf) return formatBdf(bdf)
  throw new UsageError(`${JSON.stringify(text)} is no PCI address`, {
    remedy: 'it is written [DDDD:]BB:DD.F, e.g. 03:00.0',
  })
}
