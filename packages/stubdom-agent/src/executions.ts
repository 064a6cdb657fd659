import type { CommandKey, ExecutionMode, ExecutionOutcome, Failure } from '@stubdom/protocol'
import { CommandCancelled, CommandFailure } from './commands/failure.ts'
import type { LeftBehind } from './commands/handler.ts'
import { handlerOf } from './commands/index.ts'
import type { Qemu, Task } from './commands/task.ts'
import type { Logger } from './logger.ts'
import { isLost, isRefusal, type Monitor } from './qemu/monitor.ts'
import { reached } from './steps.ts'

/** What an execution tells whoever started it. */
export interface ExecutionListener {
  /** Whether QEMU may be told: see Responder.commit. */
  commit(key: CommandKey): boolean
  /** Resolves with whether it was written. */
  stage(key: CommandKey, stage: string, progress?: { done: number; total?: number }): Promise<boolean>
  accepted(key: CommandKey): void
  /** Whether somebody is told so. */
  executed(key: CommandKey, outcome: ExecutionOutcome): boolean
}

/** What is the same for all commands. */
type CommonTask = Omit<Task, 'id' | 'signal' | 'qemu' | 'remainingMs' | 'commit' | 'stage' | 'accepted'>

/** Carries commands out with their handlers, and finds out the truth when QEMU's monitor is lost on the way. */
export class Executions {
  readonly #monitor: Monitor
  readonly #common: CommonTask
  readonly #listener: ExecutionListener
  readonly #log: Logger
  readonly #running = new Map<string, AbortController>()
  readonly #ends = new Set<Promise<void>>()
  /** How to undo what was done for a reader, until its answer stands where dom0 can read it. */
  readonly #unread = new Map<string, () => Promise<void>>()

  constructor(monitor: Monitor, common: CommonTask, listener: ExecutionListener, log: Logger) {
    this.#monitor = monitor
    this.#common = common
    this.#listener = listener
    this.#log = log
  }

  /** Begins; the end comes through the listener. @param deadlineAt on performance’s clock */
  start(key: CommandKey, args: unknown, mode: ExecutionMode, deadlineAt: number): void {
    const log = this.#log.child({ command: key.command, id: key.id })
    const abort = new AbortController()
    this.#running.set(key.id, abort)
    log.info({ mode: mode.kind, args }, 'begun')
    const end = this.#outcome(key, args, mode, deadlineAt, abort.signal, log).then(async outcome => {
      this.#running.delete(key.id)
      const { result, ...brief } = outcome as ExecutionOutcome & { result?: unknown }
      const undo = outcome.kind === 'done' ? handlerOf(key.command)?.unanswered : undefined
      if (undo) this.#unread.set(key.id, () => undo(result as never, { qemu: this.#qemu() }))
      reached('outcome known', key)
      // The answer first: a line of the log costs as much as an operation in Xenstore.
      const told = this.#listener.executed(key, outcome)
      log.info(brief, 'ended')
      if (!told) await this.unanswered(key.id)
      this.#ends.delete(end)
    })
    this.#ends.add(end)
  }

  /** The requester took it back, or nobody waits for it any more. */
  abort(id: string): void {
    this.#running.get(id)?.abort(new CommandCancelled('the command was taken back'))
  }

  /** Resolves when all have ended: what QEMU has already is waited for. Never rejects. */
  async abortAll(): Promise<void> {
    for (const id of this.#running.keys()) this.abort(id)
    await Promise.all(this.#ends)
    await Promise.all([...this.#unread.keys()].map(id => this.unanswered(id)))
  }

  /** The answer of a command stands in Xenstore. */
  answered(id: string): void {
    this.#unread.delete(id)
  }

  /** It never will. Never rejects. */
  async unanswered(id: string): Promise<void> {
    const undo = this.#unread.get(id)
    this.#unread.delete(id)
    await undo?.().catch(error => this.#log.error({ id, error: (error as Error).message }, 'could not be undone'))
  }

  /** The answer of a command was collected, or nobody will: what was kept for it goes. Never rejects. */
  async collected({ command, id }: CommandKey): Promise<void> {
    try {
      await handlerOf(command)?.collected?.(id, this.#common)
    } catch (error) {
      this.#log.warn({ command, id, error: (error as Error).message }, 'could not clean up')
    }
  }

  async #outcome(
    key: CommandKey,
    args: unknown,
    mode: ExecutionMode,
    deadlineAt: number,
    signal: AbortSignal,
    log: Logger,
  ): Promise<ExecutionOutcome> {
    const handler = handlerOf(key.command)
    if (!handler)
      return failed({ code: 'unsupported', message: 'this agent does not carry it out', outcome: 'not-done' })
    const progress: { committed: boolean; stage: string | undefined; accepted: boolean } = {
      stage: undefined,
      accepted: false,
      committed: false,
    }
    const task = this.#task(key, deadlineAt, signal, progress)
    try {
      if (mode.kind === 'reconcile') return await this.#reconcile(handler, args, task, mode)
      return { kind: 'done', result: await handler.run(args as never, task) }
    } catch (error) {
      if (!isLost(error) || !progress.committed || !handler.reconcile) return outcomeOf(error, log)
      return await this.#afterLoss(handler, args, task, progress, log)
    }
  }

  /** The monitor went while QEMU had the command: when it is back QEMU is asked what became of it. */
  async #afterLoss(
    handler: Handler,
    args: unknown,
    task: Task,
    left: LeftBehind,
    log: Logger,
  ): Promise<ExecutionOutcome> {
    for (;;) {
      try {
        if ((await this.#monitor.settled(task.signal)) === 'gone') return gone(left.stage)
        return await this.#reconcile(handler, args, task, left)
      } catch (error) {
        if (!isLost(error)) return outcomeOf(error, log)
      }
    }
  }

  async #reconcile(handler: Handler, args: unknown, task: Task, left: LeftBehind): Promise<ExecutionOutcome> {
    if (!handler.reconcile) return failed({ code: 'interrupted', message: 'the agent restarted', outcome: 'partly' })
    reached('reconciling', task)
    const found = await handler.reconcile(args as never, task, left)
    reached('reconciled', task)
    if (found.found === 'done') return { kind: 'done', result: found.result, reconciled: true }
    return failed({ code: 'interrupted', message: found.message, outcome: found.found })
  }

  #task(
    key: CommandKey,
    deadlineAt: number,
    signal: AbortSignal,
    progress: { committed: boolean; stage: string | undefined; accepted: boolean },
  ): Task {
    const listener = this.#listener
    return {
      ...this.#common,
      id: key.id,
      signal,
      qemu: this.#qemu(),
      remainingMs: () => deadlineAt - performance.now(),
      commit: () => {
        if (!listener.commit(key)) throw new CommandCancelled('the command was taken back')
        progress.committed = true
      },
      stage: (stage, done) => {
        progress.stage = stage
        return listener.stage(key, stage, done)
      },
      accepted: () => {
        progress.accepted = true
        listener.accepted(key)
      },
    }
  }

  #qemu(): Qemu {
    const monitor = this.#monitor
    return {
      get version() {
        return monitor.version
      },
      execute: (command, args) => monitor.execute(command, args),
    }
  }
}

type Handler = NonNullable<ReturnType<typeof handlerOf>>

function failed(error: Failure): ExecutionOutcome {
  return { kind: 'failed', error }
}

function gone(stage: string | undefined): ExecutionOutcome {
  return failed({
    code: 'qemu-gone',
    message: 'QEMU ended while it had the command; its effect ended with it',
    outcome: 'not-done',
    ...(stage === undefined ? {} : { stage }),
  })
}

function outcomeOf(error: unknown, log: Logger): ExecutionOutcome {
  if (error instanceof CommandCancelled) return { kind: 'cancelled' }
  if (error instanceof CommandFailure) {
    const { code, message, outcome, stage } = error
    return failed({ code, message, outcome, ...(stage === undefined ? {} : { stage }) })
  }
  if (isRefusal(error)) {
    const refusal = new CommandFailure('qemu-error', `QEMU refused ${error.command}: ${error.desc}`)
    return failed({ code: refusal.code, message: refusal.message, stage: error.command, outcome: 'not-done' })
  }
  if (isLost(error))
    return failed({
      code: 'qemu-gone',
      message: 'QEMU’s monitor is not connected; nothing was done',
      outcome: 'not-done',
    })
  log.error({ error }, 'a fault of the agent')
  return failed({ code: 'internal', message: 'a fault of the agent; its log says more', outcome: 'partly' })
}
