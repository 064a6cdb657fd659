import { createHash } from 'node:crypto'
import {
  type CallSpec,
  COMMANDS,
  type CommandArgs,
  type CommandName,
  type CommandResult,
  EncodeError,
  type Hello,
  type PendingResponse,
  type Verdict,
} from '@stubdom/protocol'
import { DirectoryHints } from '../call/directory-hints.ts'
import type { ResponseHints } from '../call/hints.ts'
import { NodeHints } from '../call/node-hints.ts'
import { CallNodes } from '../call/nodes.ts'
import { type CallEnd, CallRunner } from '../call/runner.ts'
import { errorOf } from '../call/verdicts.ts'
import { greet } from '../control/greeting.ts'
import { Room } from '../control/room.ts'
import { removeRemains } from '../domains/remains.ts'
import type { NamedPair } from '../domains/resolve.ts'
import { type CommandFailedError, UsageError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { Link } from './link.ts'
import { type CommandOptions, timing } from './options.ts'
import { beforeSending, type Controls } from './running-command.ts'

/** A command as a session is to give it. */
export interface Order<N extends CommandName> {
  readonly id: string
  readonly command: N
  readonly args: CommandArgs<N>
  readonly options: CommandOptions
  /** Judges the agent's hello before anything is sent. */
  readonly check?: (hello: Hello) => void
  /** Called with the result before the request is removed: until then the agent keeps what belongs to the answer. */
  readonly beforeCollect?: (result: CommandResult<N>) => Promise<void>
}

/** Commands to one stubdomain, from the first look at its control directory on. */
export class Session {
  readonly #link: Link
  readonly #pair: NamedPair
  readonly #hints: ResponseHints
  readonly #room: Room
  #greeting: Promise<Hello> | undefined

  constructor(link: Link, pair: NamedPair) {
    const { client, settings } = link
    const logger = settings.logger.child({ stubdomain: pair.stubdomain })
    this.#link = link
    this.#pair = pair
    this.#room = new Room(client, pair.stubdomain, settings.retentionMs)
    this.#hints =
      settings.watch === 'node'
        ? new NodeHints(client, pair.stubdomain, logger)
        : new DirectoryHints(client, pair.stubdomain, logger)
  }

  close(): void {
    this.#hints.close()
  }

  async prepare(): Promise<void> {
    await this.hello()
    await this.#room.sweep()
  }

  /** What the agent said of itself; asked for anew when there is reason to believe that it changed. */
  hello(): Promise<Hello> {
    const live = this.#hints.liveEpoch()
    const greeting = (this.#greeting ??= this.#greet())
    if (live === undefined) return greeting
    return greeting.then(hello => (hello.epoch === live ? hello : (this.#greeting = this.#greet())))
  }

  #greet(): Promise<Hello> {
    const greeting = greet(this.#link.client, this.#pair, this.#link.settings.greetingMs)
    greeting.catch(() => this.#forget(greeting))
    return greeting
  }

  #forget(greeting: Promise<Hello> | undefined): void {
    if (this.#greeting === greeting) this.#greeting = undefined
  }

  /** @throws Dom0Error, or what the Xenstore client throws */
  async give<N extends CommandName>(order: Order<N>, controls: Controls): Promise<CommandResult<N>> {
    const { id, command, options } = order
    const logger = this.#link.settings.logger.child({ id, command, stubdomain: this.#pair.stubdomain })
    const pickUp = options.id !== undefined
    // To pick a command up, an agent is not needed: its answer may be there without it.
    const hello = pickUp ? undefined : await beforeSending(id, controls.signal, this.#admit(order))
    const runner = this.#runner(order, hello?.epoch, controls.onProgress, logger)
    if (!pickUp && !(await beforeSending(id, controls.signal, this.#room.take(command)))) throw noRoom(id, command)
    this.#link.checkConnected()
    logger.debug({ pickUp }, 'the command begins')
    const end = await this.#run(runner, controls.signal)
    if (end.collect) this.#room.release(command)
    if (hello) this.#learn(hello.epoch, end)
    return this.#conclude(order, end, runner.hasRequestParts, logger)
  }

  /** The agent that the command is for, if the command may be sent to it. */
  async #admit<N extends CommandName>({ id, command, options, check }: Order<N>): Promise<Hello> {
    const { patience } = this.#link
    const { stubdomain } = this.#pair
    let hello = await this.hello()
    if (!options.force && patience.isOver(stubdomain, hello.epoch)) {
      this.#greeting = undefined
      hello = await this.hello()
      if (patience.isOver(stubdomain, hello.epoch)) {
        throw failed(
          id,
          'unresponsive',
          `stubdomain ${stubdomain} let several deadlines pass without any sign; nothing was sent`,
        )
      }
    }
    if (!hello.commands.includes(command)) {
      throw failed(
        id,
        'unsupported',
        `the agent in stubdomain ${stubdomain} (version ${hello.agent}) has no ${command}`,
      )
    }
    check?.(hello)
    return hello
  }

  #runner<N extends CommandName>(
    { id, command, args, options }: Order<N>,
    epoch: string | undefined,
    onProgress: (response: PendingResponse) => void,
    logger: Logger,
  ): CallRunner {
    const { client, liveness } = this.#link
    const nodes = new CallNodes(client, this.#pair.stubdomain, command, id)
    const spec: CallSpec = {
      id,
      definition: COMMANDS[command],
      args,
      epoch: epoch ?? '',
      ...timing(command, options),
      sha256: text => createHash('sha256').update(text).digest('hex'),
      pickUp: epoch === undefined,
      helloIsLive: epoch !== undefined && this.#hints.liveEpoch() === epoch,
    }
    try {
      return new CallRunner(spec, { pair: this.#pair, nodes, hints: this.#hints, liveness, logger, onProgress })
    } catch (error) {
      if (error instanceof EncodeError) throw new UsageError(error.message, { cause: error })
      throw error
    }
  }

  async #run(runner: CallRunner, signal: AbortSignal): Promise<CallEnd> {
    const cancel = (): void => runner.cancel()
    const forget = this.#link.whenLost(reason => runner.disconnected(reason))
    signal.addEventListener('abort', cancel)
    try {
      const end = runner.run()
      if (signal.aborted) cancel()
      return await end
    } finally {
      signal.removeEventListener('abort', cancel)
      forget()
    }
  }

  /** A sign of life or its absence; and whether the hello that is held can still be believed. */
  #learn(epoch: string, { verdict, heard }: CallEnd): void {
    const silent = verdict.outcome === 'unknown' && verdict.code === 'deadline' && !heard
    const gone = verdict.outcome === 'not-done' && (verdict.code === 'no-agent' || verdict.code === 'stale-epoch')
    if (verdict.outcome !== 'unknown' || verdict.code === 'deadline') {
      this.#link.patience.record(this.#pair.stubdomain, epoch, !silent)
    }
    if (silent || gone) this.#greeting = undefined
  }

  async #conclude<N extends CommandName>(
    { id, command, beforeCollect }: Order<N>,
    end: CallEnd,
    withParts: boolean,
    logger: Logger,
  ): Promise<CommandResult<N>> {
    const nodes = new CallNodes(this.#link.client, this.#pair.stubdomain, command, id)
    const verdict = await this.#afterDeath(end.verdict, nodes, withParts)
    const error = verdict.outcome === 'done' ? undefined : errorOf(id, verdict)
    logger.debug({ outcome: verdict.outcome, code: error?.code, reason: error?.message }, 'the command ended')
    try {
      if (verdict.outcome !== 'done') throw errorOf(id, verdict)
      const result = verdict.result as CommandResult<N>
      await beforeCollect?.(result)
      return result
    } finally {
      if (end.collect) this.#link.chore(`removing request ${command}/${id}`, nodes.removeRequest(withParts))
    }
  }

  /** An agent that is not there may be a domain that is not there; then nothing of ours may be left behind. */
  async #afterDeath(verdict: Verdict, nodes: CallNodes, withParts: boolean): Promise<Verdict> {
    if (!('code' in verdict) || (verdict.code !== 'domain-gone' && verdict.code !== 'no-agent')) return verdict
    const { client, liveness } = this.#link
    try {
      if (await liveness.isAlive(this.#pair)) return verdict
      this.#hints.close()
      await nodes.removeRequest(withParts)
      await removeRemains(client, this.#pair.stubdomain)
    } catch (error) {
      // What became of the command is known; that the Xenstore went as well must not hide it.
      this.#link.settings.logger.warn({ err: error }, 'could not see whether anything of a dead domain is left')
      return verdict
    }
    if (verdict.code === 'domain-gone') return verdict
    return { ...verdict, code: 'domain-gone', message: 'the guest or its stubdomain was destroyed; nothing was done' }
  }
}

function noRoom(id: string, command: string): CommandFailedError {
  return failed(id, 'busy', `there are as many ${command} requests as the control directory takes; nothing was sent`)
}

function failed(id: string, code: 'unresponsive' | 'unsupported' | 'busy', message: string): CommandFailedError {
  return errorOf(id, { outcome: 'not-done', code, message }) as CommandFailedError
}
