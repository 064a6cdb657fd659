import type { NodeBytes } from '../requester/io.ts'
import { expired } from './admission.ts'
import type { Answering } from './answering.ts'
import type { Desk } from './desk.ts'
import type { EntryIn } from './entry.ts'
import type { CommandKey, ExecutionOutcome } from './io.ts'
import { cancelled, claimNode, finalResponse, type Progress, pendingNode, saysCancel } from './responses.ts'
import { startable } from './schedule.ts'

/** How commands are claimed, carried out and called back. */
export class Work {
  readonly #desk: Desk
  readonly #answering: Answering

  constructor(desk: Desk, answering: Answering) {
    this.#desk = desk
    this.#answering = answering
  }

  /** Starts what may start: a query at once, what has an effect with its claim. */
  startReady(): void {
    for (const entry of startable(this.#desk.entries.values())) {
      const { command, id, request } = entry
      if (request.mode.kind === 'run' && request.definition.replay !== 'repeatable') {
        this.#desk.put({ command, id, state: 'claiming', request, hinted: false })
        this.#desk.do({ do: 'claim', command, id, node: claimNode(request.digest) })
      } else this.#execute(entry, request.mode.kind === 'reconcile')
    }
  }

  #execute({ command, id, request }: EntryIn<'queued' | 'claiming'>, published: boolean): EntryIn<'executing'> {
    const { mode } = request
    const entry: EntryIn<'executing'> = {
      command,
      id,
      state: 'executing',
      request,
      phase: mode.kind === 'reconcile' && mode.accepted ? 'accepted' : 'running',
      published,
      committed: mode.kind === 'reconcile',
      overdue: false,
      cancel: 'no',
      reread: 'no',
      abandoned: false,
    }
    this.#desk.put(entry)
    this.#desk.do({ do: 'execute', command, id, args: request.args, mode, deadlineAt: request.deadlineAt })
    return entry
  }

  claimed(key: CommandKey, request: NodeBytes): void {
    const entry = this.#desk.get(key)
    if (entry?.state !== 'claiming') return
    if (request === undefined) {
      this.#desk.drop(entry, { response: true })
      // What the hint was of is not known: the request may be there again.
      if (entry.hinted) this.#desk.read(entry)
      return
    }
    if (saysCancel(request)) return this.#answering.answer(entry, cancelled(entry.request.digest))
    const running = this.#execute(entry, true)
    if (entry.hinted) this.reread(running)
  }

  claimRefused(key: CommandKey): void {
    if (this.#desk.get(key)?.state === 'claiming') this.#answering.refuse(key, 'quota')
  }

  /** Whether QEMU may be told now; false when the requester has taken the command back. Afterwards `cancel` is too late. */
  commit(key: CommandKey): boolean {
    const entry = this.#desk.get(key)
    if (entry?.state !== 'executing' || entry.cancel === 'asked') return false
    this.#desk.put({ ...entry, committed: true })
    return true
  }

  /** Looks at the request of a command under way: it may say `cancel` or be gone. */
  reread(entry: EntryIn<'executing'>): void {
    if (entry.reread === 'no') this.#desk.do({ do: 'read-request', command: entry.command, id: entry.id })
    this.#desk.put({ ...entry, reread: entry.reread === 'no' ? 'yes' : 'again' })
  }

  /** After a reconnect: what was written may not have arrived. A look at the request that was under way says nothing any more. */
  writeAnew(entry: EntryIn<'executing'>): void {
    const { command, id, published, abandoned } = entry
    this.#desk.put({ ...entry, reread: 'no' })
    if (published && !abandoned) this.#desk.do({ do: 'write-pending', command, id, node: pendingNode(entry) })
  }

  rereadDone(entry: EntryIn<'executing'>, request: NodeBytes): void {
    // One that comes again (a late `cancel` recreates it) is waited for again.
    const read = { ...entry, reread: 'no' as const, abandoned: request === undefined }
    this.#desk.put(read)
    if (entry.reread === 'again') this.reread(read)
    // Nobody waits for the guest's answer any more, and nothing is left to be told to QEMU.
    else if (request === undefined && entry.phase === 'accepted') this.#abort(entry)
    else if (request !== undefined && saysCancel(request) && entry.cancel === 'no') this.#cancelAsked(read)
  }

  #cancelAsked(entry: EntryIn<'executing'>): void {
    if (entry.committed) return this.pending(entry, { cancel: 'too-late' })
    this.#desk.put({ ...entry, cancel: 'asked' })
    this.#abort(entry)
  }

  #abort({ command, id }: EntryIn<'executing'>): void {
    this.#desk.do({ do: 'abort-execution', command, id })
  }

  /** News of a command under way; its node is written anew, unless nobody waits for it. */
  pending(
    key: CommandKey,
    news: Partial<Pick<EntryIn<'executing'>, 'phase' | 'overdue' | 'cancel' | 'stage'>>,
    progress?: Progress,
  ): void {
    const found = this.#desk.get(key)
    if (found?.state !== 'executing') return
    // A query shows nothing of its way before its deadline: its answer is all that anybody waits for.
    const silent = found.request.definition.replay === 'repeatable' && !news.overdue && !news.cancel
    const committed = found.committed || news.phase === 'accepted'
    const entry = { ...found, ...news, committed, published: found.published || !silent }
    this.#desk.put(entry)
    if (entry.abandoned && entry.phase === 'accepted') return this.#abort(entry)
    if (silent || entry.abandoned) return
    this.#desk.do({ do: 'write-pending', command: entry.command, id: entry.id, node: pendingNode(entry, progress) })
  }

  executed(key: CommandKey, outcome: ExecutionOutcome): void {
    const entry = this.#desk.get(key)
    if (entry?.state !== 'executing') return
    const { digest, definition } = entry.request
    // It was given up although QEMU had it, since nobody waited: how it ends will not be known.
    const givenUp = entry.committed && outcome.kind === 'cancelled'
    const response = givenUp ? expired(digest, entry.id) : finalResponse(digest, outcome)
    if (definition.replay !== 'repeatable') this.#desk.memory.remember(entry.id, givenUp ? undefined : response)
    if (entry.abandoned && entry.reread === 'no') return this.#desk.drop(entry, { response: entry.published })
    this.#answering.answer(entry, response)
    // The look at the request that is still under way comes too late to tell anything.
    if (entry.reread !== 'no') this.#desk.settle(entry)
  }
}
