import type { CommandKey, EncodedMessage, ResponderEffect, ResponderInput } from '@stubdom/protocol'
import { Layout } from '@stubdom/protocol'
import { isErrno, type XenstoreClient, XenstoreConnectionError, XenstoreReplyError } from '@stubdom/xenstore'
import type { Logger } from '../logger.ts'
import { reached } from '../steps.ts'
import { isUnlistable, listIfExists } from './found.ts'
import { at } from './own-tree.ts'

/** The effects that are done in Xenstore; the others concern QEMU. */
export type StoreEffect = Exclude<ResponderEffect, { do: 'execute' | 'abort-execution' }>

/** Writes of one message's parts under way at a time: C xenstored reads no further than 20 requests ahead and then lets a domain wait. */
const PART_WINDOW = 16

/** Does in Xenstore what the responder wants, in the order given, and tells it how it went. */
export class ResponderIo {
  readonly #xenstore: XenstoreClient
  readonly #tell: (input: ResponderInput) => void
  readonly #unlistable: () => void
  readonly #log: Logger
  /** One answer in parts at a time: two would use the domain's nodes up. */
  #parts: Promise<unknown> = Promise.resolve()

  /** @param unlistable a directory holds more names than can be listed: it is to be listed when there are fewer */
  constructor(xenstore: XenstoreClient, tell: (input: ResponderInput) => void, unlistable: () => void, log: Logger) {
    this.#xenstore = xenstore
    this.#tell = tell
    this.#unlistable = unlistable
    this.#log = log
  }

  /** Resolves with whether Xenstore did it; never rejects. */
  async perform(effect: StoreEffect): Promise<boolean> {
    try {
      await this.#perform(effect)
      return true
    } catch (error) {
      // A lost connection ends the session, which says so once, and the responder is told by the next one.
      if (!(error instanceof XenstoreConnectionError)) {
        this.#log.warn({ effect: effect.do, error: (error as Error).message }, 'Xenstore refused')
        // The responder would wait for ever for what came of it. One that was given up, by its deadline, may even be carried out yet.
        if (isAnswered(effect) || !(error instanceof XenstoreReplyError)) void this.#xenstore.close()
      }
      return false
    }
  }

  async #perform(effect: StoreEffect): Promise<void> {
    switch (effect.do) {
      case 'read-request': {
        const bytes = await this.#read(requestPath(effect))
        reached('request read', effect)
        return this.#tell({ on: 'request-read', ...key(effect), bytes })
      }
      case 'read-request-parts': {
        const parts = await inWindow(effect.count, index => this.#read(at(Layout.requestPart(effect.id, index))))
        return this.#tell({ on: 'request-parts-read', ...key(effect), parts })
      }
      case 'claim':
        return this.#claim(effect)
      case 'write-pending':
        await this.#xenstore.write(responsePath(effect), effect.node)
        reached('progress written', effect)
        return
      case 'write-answer':
        return this.#answer(effect, effect.message)
      case 'write-refused':
        return this.#xenstore.write(at(Layout.refused), effect.node)
      case 'remove-response':
        return this.#remove(effect)
      case 'remove-parts':
        return this.#xenstore.rm(at(Layout.responseParts(effect.id)))
      case 'list-requests':
        return this.#listRequests(effect.command)
    }
  }

  async #claim(effect: Extract<StoreEffect, { do: 'claim' }>): Promise<void> {
    const claim = Promise.allSettled([
      this.#xenstore.write(responsePath(effect), effect.node),
      this.#read(requestPath(effect)),
    ])
    reached('claim sent', effect)
    const [written, request] = await claim
    reached('claim acknowledged', effect)
    if (written.status === 'rejected' && written.reason instanceof XenstoreReplyError) {
      this.#log.warn({ ...key(effect), effect: effect.do, error: written.reason.message }, 'Xenstore refused')
      return this.#tell({ on: 'claim-refused', ...key(effect) })
    }
    // Neither acknowledged nor refused: the connection is gone, and with it the claim.
    if (written.status === 'rejected') throw written.reason
    if (request.status === 'rejected') throw request.reason
    this.#tell({ on: 'claimed', ...key(effect), request: request.value })
  }

  async #answer(effect: CommandKey, message: EncodedMessage): Promise<void> {
    try {
      if (message.parts.length > 0) await this.#writeParts(key(effect), message.parts)
      const answer = this.#xenstore.write(responsePath(effect), message.node)
      reached('answer sent', effect)
      await answer
    } catch (error) {
      if (!(error instanceof XenstoreReplyError)) throw error
      this.#log.warn({ ...key(effect), effect: 'write-answer', error: error.message }, 'Xenstore refused')
      return this.#tell({ on: 'answer-refused', ...key(effect) })
    }
    reached('answer written', effect)
    this.#tell({ on: 'answer-written', ...key(effect) })
  }

  #writeParts(command: CommandKey, parts: readonly string[]): Promise<void> {
    const turn = this.#parts.then(async () => {
      let written = 0
      await inWindow(parts.length, async index => {
        await this.#xenstore.write(at(Layout.responsePart(command.id, index)), parts[index] ?? '')
        if (++written % PART_WINDOW === 0) this.#tell({ on: 'answer-progress', ...command, parts: written })
      })
    })
    this.#parts = turn.catch(() => {})
    return turn
  }

  async #remove(effect: Extract<StoreEffect, { do: 'remove-response' }>): Promise<void> {
    const { command, id, parts, directory } = effect
    const removal = Promise.all([
      this.#xenstore.rm(at(Layout.response(command, id))),
      ...(parts ? [this.#xenstore.rm(at(Layout.responseParts(id)))] : []),
    ])
    reached('answer removal sent', effect)
    await removal
    reached('answer removed', effect)
    if (directory) await this.#xenstore.rm(at(Layout.responsesOf(command)))
  }

  #read(path: string): Promise<Uint8Array | undefined> {
    return this.#xenstore.readIfExists(path).catch(error => {
      // C xenstored says EACCES where nothing above can be read any more: the directory is gone.
      if (isErrno(error, 'EACCES')) return undefined
      throw error
    })
  }

  async #listRequests(command: string): Promise<void> {
    try {
      const ids = await listIfExists(this.#xenstore, Layout.requestsOf(command))
      this.#tell({ on: 'requests-listed', command, ids })
    } catch (error) {
      if (!isUnlistable(error)) throw error
      this.#unlistable()
    }
  }
}

/** Whether the responder waits to be told how it went. */
function isAnswered({ do: what }: StoreEffect): boolean {
  return !what.startsWith('remove-') && what !== 'write-pending' && what !== 'write-refused'
}

function key({ command, id }: CommandKey): CommandKey {
  return { command, id }
}

function requestPath({ command, id }: CommandKey): string {
  return at(Layout.request(command, id))
}

function responsePath({ command, id }: CommandKey): string {
  return at(Layout.response(command, id))
}

/** Does `count` things, some at a time; the results in order. */
async function inWindow<T>(count: number, one: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const lane = async () => {
    while (next < count) {
      const index = next++
      results[index] = await one(index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(PART_WINDOW, count) }, lane))
  return results
}
