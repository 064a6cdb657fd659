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
import type { XenstoreClient } from '@stubdom/xenstore'
import { DirectoryHints } from '../call/directory-hints.ts'
import type { ResponseHints } from '../call/hints.ts'
import { NodeHints } from '../call/node-hints.ts'
import { CallNodes } from '../call/nodes.ts'
import { type CallEnd, CallRunner } from '../call/runner.ts'
import { errorOf, misbehaviourIn } from '../call/verdicts.ts'
import { greet } from '../control/greeting.ts'
import { Room } from '../control/room.ts'
import { removeRemains } from '../domains/remains.ts'
import type { NamedPair } from '../domains/resolve.ts'
import {
  CommandCancelledError,
  type CommandFailedError,
  type Dom0Error,
  MisbehavingError,
  UsageError,
} from '../errors.ts'
import { guardedLogger } from '../guarded-logger.ts'
import type { Logger } from '../logger.ts'
import { printableValue } from '../printable-value.ts'
import type { Link } from './link.ts'
import { type CommandOptions, type Timing, timing } from './options.ts'
import { beforeSending, type Controls } from './running-command.ts'

/** A command as a session is to give it. */
export interface Order<N extends CommandName> {
  readonly id: string
  readonly command: N
  /** As a function: they depend on what the agent says of itself; undefined: it cannot be asked. May be called again. */
  readonly args: CommandArgs<N> | ((hello: Hello | undefined) => Promise<CommandArgs<N>>)
  readonly options: CommandOptions
  /** Judges the agent's hello before anything is sent. */
  readonly check?: (hello: Hello) => void
  /** Called with the result before the request is removed: until then the agent keeps what belongs to the answer. */
  readonly beforeCollect?: (result: CommandResult<N>) => Promise<void>
}

/** What was learnt of a stubdomain over one connection. The next one may lead to a store that knows nothing of it. */
interface Acquaintance {
  readonly client: XenstoreClient
  readonly room: Room
  greeting: Promise<Hello> | undefined
}

/** A command of which nothing is written yet. */
interface Begun {
  readonly runner: CallRunner
  /** Of the agent that is meant; undefined when an earlier command is picked up, which takes no room either. */
  readonly epoch?: string
  readonly room?: Room
}

/** Milliseconds that the way to a request may take, however short the command's own time is. */
const BEFORE_SENDING_MS = 5_000

/** Commands to one stubdomain, from the first look at its control directory on. */
export class Session {
  readonly #link: Link
  readonly #pair: NamedPair
  readonly #hints: ResponseHints
  /** One for all that this stubdomain can cause to be logged. */
  readonly #logger: Logger
  #known: Acquaintance | undefined
  #inHand = 0

  constructor(link: Link, pair: NamedPair) {
    const { settings } = link
    this.#logger = guardedLogger(settings.logger.child({ stubdomain: pair.stubdomain }))
    this.#link = link
    this.#pair = pair
    const Hints = settings.watch === 'node' ? NodeHints : DirectoryHints
    this.#hints = new Hints(link, pair.stubdomain, this.#logger, why => this.#misbehaves(why))
  }

  close(): void {
    this.#hints.close()
  }

  /** Whether no command is under way. */
  get idle(): boolean {
    return this.#inHand === 0
  }

  async prepare(): Promise<void> {
    await this.#link.steadily(async client => {
      await this.#hello(client)
      await this.#knownOver(client).room.sweep()
    })
  }

  #knownOver(client: XenstoreClient): Acquaintance {
    if (this.#known?.client !== client) {
      const room = new Room(client, this.#pair.stubdomain, this.#link.settings.retentionMs)
      this.#known = { client, room, greeting: undefined }
    }
    return this.#known
  }

  /** What the agent said of itself; asked for anew when there is reason to believe that it changed. */
  async #hello(client: XenstoreClient): Promise<Hello> {
    const known = this.#knownOver(client)
    const live = this.#hints.liveEpoch()
    const hello = await (known.greeting ??= this.#greet(known))
    return live === undefined || hello.epoch === live ? hello : (known.greeting = this.#greet(known))
  }

  #greet(known: Acquaintance): Promise<Hello> {
    const report = (why: string): void => this.#misbehaves(why)
    const greeting = greet(known.client, this.#pair, this.#link.settings.greetingMs, report)
    greeting.catch((error: unknown) => {
      if (error instanceof MisbehavingError) this.#misbehaves(error.why)
      if (known.greeting === greeting) known.greeting = undefined
    })
    return greeting
  }

  #misbehaves(why: string): void {
    this.#link.misbehaviours.report(this.#pair.stubdomain, why)
  }

  /** @throws Dom0Error, or what the Xenstore client throws */
  async give<N extends CommandName>(order: Order<N>, controls: Controls): Promise<CommandResult<N>> {
    this.#inHand++
    try {
      return await this.#give(order, controls)
    } finally {
      this.#inHand--
    }
  }

  async #give<N extends CommandName>(order: Order<N>, controls: Controls): Promise<CommandResult<N>> {
    const { id, command } = order
    const logger = this.#logger.child({ id, command })
    const times = timing(command, order.options)
    const { runner, epoch, room } = await beforeSending(
      controls.signal,
      Math.max(times.deadlineMs + times.graceMs, BEFORE_SENDING_MS),
      over => this.#begin(order, times, { ...controls, signal: over }, logger),
      () => this.#notSent(id, controls.signal),
    )
    logger.debug({ pickUp: epoch === undefined }, 'the command begins')
    const end = await this.#run(runner, controls.signal)
    room?.end(command, id, end.collect)
    if (epoch !== undefined) this.#learn(epoch, end)
    return this.#conclude(order, end, runner, logger)
  }

  /** All that comes before the request is written, and over the connection that it will be written to. */
  async #begin<N extends CommandName>(
    order: Order<N>,
    { deadlineMs, graceMs }: Timing,
    { signal: over, onProgress }: Controls,
    logger: Logger,
  ): Promise<Begun> {
    const { id, command, options } = order
    const until = performance.now() + deadlineMs
    const first = this.#link.client
    const begin = async (client: XenstoreClient): Promise<Begun & { client: XenstoreClient }> => {
      // To pick a command up, an agent is not needed: its answer may be there without it.
      const hello = options.id === undefined ? await this.#admit(client, order) : undefined
      const epoch = hello?.epoch
      const args = await this.#args(client, order, hello)
      if (over.aborted) throw new CommandCancelledError(id)
      // What was spent on waiting for a connection is not to be had once more.
      const leftMs = client === first ? deadlineMs : Math.max(1, Math.round(until - performance.now()))
      const runner = this.#runner({ ...order, args }, epoch, { deadlineMs: leftMs, graceMs }, onProgress, logger)
      if (epoch === undefined) return { client, runner }
      const { room } = this.#knownOver(client)
      if (!(await room.take(command, id))) throw noRoom(id, command)
      if (over.aborted) {
        room.end(command, id, true)
        throw new CommandCancelledError(id)
      }
      return { client, runner, epoch, room }
    }
    for (;;) {
      const begun = await this.#link.steadily(begin, until)
      if (this.#link.isOn(begun.client)) return begun
    }
  }

  async #args<N extends CommandName>(
    client: XenstoreClient,
    { args }: Order<N>,
    hello: Hello | undefined,
  ): Promise<CommandArgs<N>> {
    if (typeof args !== 'function') return args
    // What is picked up was made for the agent that there was; mostly it is still there.
    return args(hello ?? (await this.#hello(client).catch(() => undefined)))
  }

  #notSent(id: string, byCaller: AbortSignal): Dom0Error {
    if (byCaller.aborted) return new CommandCancelledError(id)
    const { stubdomain } = this.#pair
    return failed(
      id,
      'deadline',
      `the deadline passed before the command could be sent to stubdomain ${stubdomain}; nothing was done`,
    )
  }

  /** The agent that the command is for, if the command may be sent to it. */
  async #admit<N extends CommandName>(
    client: XenstoreClient,
    { id, command, options, check }: Order<N>,
  ): Promise<Hello> {
    const { patience } = this.#link
    const { stubdomain } = this.#pair
    let hello = await this.#hello(client)
    if (!options.force && patience.isOver(stubdomain, hello.epoch)) {
      this.#knownOver(client).greeting = undefined
      hello = await this.#hello(client)
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
    { id, command, args }: Pick<Order<N>, 'id' | 'command'> & { readonly args: CommandArgs<N> },
    epoch: string | undefined,
    times: { readonly deadlineMs: number; readonly graceMs: number },
    onProgress: (response: PendingResponse) => void,
    logger: Logger,
  ): CallRunner {
    const { liveness } = this.#link
    const nodes = new CallNodes(this.#link, this.#pair.stubdomain, command, id)
    const spec: CallSpec = {
      id,
      definition: COMMANDS[command],
      args,
      epoch: epoch ?? '',
      ...times,
      sha256: text => createHash('sha256').update(text).digest('hex'),
      pickUp: epoch === undefined,
      helloIsLive: epoch !== undefined && this.#hints.liveEpoch() === epoch,
    }
    try {
      return new CallRunner(spec, {
        pair: this.#pair,
        nodes,
        hints: this.#hints,
        liveness,
        logger,
        onProgress,
        onMisbehaviour: why => this.#misbehaves(why),
      })
    } catch (error) {
      if (error instanceof EncodeError) throw new UsageError(error.message, { cause: error })
      throw error
    }
  }

  async #run(runner: CallRunner, signal: AbortSignal): Promise<CallEnd> {
    const cancel = (): void => runner.cancel()
    const forget = this.#link.follow({
      lost: reason => runner.lost(reason),
      found: () => runner.found(),
      closed: () => runner.disconnected(),
    })
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
    if ((silent || gone) && this.#known) this.#known.greeting = undefined
  }

  async #conclude<N extends CommandName>(
    order: Order<N>,
    end: CallEnd,
    runner: CallRunner,
    logger: Logger,
  ): Promise<CommandResult<N>> {
    const { id, command, beforeCollect } = order
    const verdict = await this.#afterDeath(end.verdict, runner)
    const error = verdict.outcome === 'done' ? undefined : this.#errorOf(order, verdict, end)
    logger.debug({ outcome: verdict.outcome, code: error?.code, reason: error?.message }, 'the command ended')
    try {
      if (verdict.outcome !== 'done') throw error
      const result = printableValue(verdict.result) as CommandResult<N>
      await beforeCollect?.(result)
      return result
    } finally {
      if (end.collect) this.#link.chore(`removing request ${command}/${id}`, () => runner.removeRequest())
      else this.#link.chore(`calling ${command}/${id} back`, () => this.#calledBack(runner))
    }
  }

  #errorOf<N extends CommandName>(
    { id, options }: Order<N>,
    verdict: Exclude<Verdict, { outcome: 'done' }>,
    { unreadableHello }: CallEnd,
  ): Dom0Error {
    const picksUp = options.id !== undefined
    const why = misbehaviourIn(verdict, picksUp, unreadableHello)
    if (why === undefined) return errorOf(id, verdict)
    this.#misbehaves(why)
    const outcome = verdict.outcome === 'not-done' ? 'not-done' : 'unknown'
    return new MisbehavingError({ stubdomain: this.#pair.stubdomain, why }, { id, outcome })
  }

  /** What was written for a call that did not wait for it may have come to a domain that was gone by then. */
  async #calledBack(runner: CallRunner): Promise<void> {
    await runner.calledBack()
    await this.#clearedUp(runner)
  }

  /** An agent that is not there may be a domain that is not there. */
  async #afterDeath(verdict: Verdict, runner: CallRunner): Promise<Verdict> {
    if (!('code' in verdict) || (verdict.code !== 'domain-gone' && verdict.code !== 'no-agent')) return verdict
    try {
      if (!(await this.#clearedUp(runner))) return verdict
    } catch (error) {
      // What became of the command is known; that the Xenstore went as well must not hide it.
      this.#link.settings.logger.warn({ err: error }, 'could not see whether anything of a dead domain is left')
      return verdict
    }
    if (verdict.code === 'domain-gone') return verdict
    return { ...verdict, code: 'domain-gone', message: 'the guest or its stubdomain was destroyed; nothing was done' }
  }

  /** Whether the domain is gone: then nothing of ours may be left behind, and is not. */
  async #clearedUp(runner: CallRunner): Promise<boolean> {
    const { client, liveness } = this.#link
    // A store that was begun anew may not know the pair yet.
    if ((await liveness.isAlive(this.#pair)) || !this.#link.isOn(client)) return false
    this.#hints.close()
    await runner.removeRequest()
    await removeRemains(client, this.#pair.stubdomain)
    return true
  }
}

function noRoom(id: string, command: string): CommandFailedError {
  return failed(id, 'busy', `there are as many ${command} requests as the control directory takes; nothing was sent`)
}

function failed(
  id: string,
  code: 'unresponsive' | 'unsupported' | 'busy' | 'deadline',
  message: string,
): CommandFailedError {
  return errorOf(id, { outcome: 'not-done', code, message }) as CommandFailedError
}
