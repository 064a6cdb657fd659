import {
  type CommandArgs,
  type CommandName,
  type CommandResult,
  formatBdf,
  type PciAttachArgs,
  parseBdf,
} from '@stubdom/protocol'
import type { NamedPair } from './domains/resolve.ts'
import { UsageError } from './errors.ts'
import { checkChannel, collectState, type Saving } from './save/save-state.ts'
import { type CommandOptions, checkId } from './session/options.ts'
import { type Controls, type RunningCommand, runCommand } from './session/running-command.ts'
import type { Order, Session } from './session/session.ts'
import { translated } from './xenstore-errors.ts'

/** Where and how a state is to be saved. */
export interface SaveStateArgs {
  /** The file to write; one that is there is replaced when everything arrived, and not touched otherwise. */
  readonly file: string
  /** Let the device model go on afterwards if it was running. */
  readonly resume: boolean
}

/** What a stubdomain needs of who made it. */
export interface StubdomainContext {
  readonly session: Session
  readonly newId: () => string
  readonly saving: Saving | undefined
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

  /** Saves the device model's state, without any RAM, and resolves when it stands whole in the file. */
  saveState(args: SaveStateArgs, options?: CommandOptions): RunningCommand<CommandResult<'save-state'>> {
    return this.#run('save-state', options, async order => {
      const { saving } = this.#context
      if (!saving) {
        throw new UsageError('no directory is configured through which states come from the stubdomain', {
          remedy: 'name it with --save-dir or STUBDOM_SAVE_DIR, the same as the agent has',
        })
      }
      const { channel } = saving
      const target = await saving.target(args.file)
      return {
        ...order,
        args: { channel: channel.name, resume: args.resume },
        check: hello => checkChannel(order.id, channel, hello),
        beforeCollect: result => collectState(order.id, channel, target, result),
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

  #run<N extends CommandName>(
    command: N,
    options: CommandOptions = {},
    prepare: (order: Omit<Order<N>, 'args'>) => Promise<Order<N>>,
  ): RunningCommand<CommandResult<N>> {
    const id = options.id ?? this.#context.newId()
    return runCommand(id, options.signal, async (controls: Controls) => {
      checkId(id)
      return this.#context.session.give(await prepare({ id, command, options }), controls)
    })
  }
}

function canonicalBdf(text: string): string {
  const bdf = parseBdf(text)
  if (bdf) return formatBdf(bdf)
  throw new UsageError(`${JSON.stringify(text)} is no PCI address`, {
    remedy: 'it is written [DDDD:]BB:DD.F, e.g. 03:00.0',
  })
}
