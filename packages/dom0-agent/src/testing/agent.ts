import { createHash } from 'node:crypto'
import {
  COMMAND_NAMES,
  type CommandKey,
  type ExecutionOutcome,
  encodeJson,
  type Hello,
  Layout,
  parseNodeName,
  Responder,
  type ResponderEffect,
  type ResponderInput,
} from '@stubdom/protocol'
import type { XenstoreClient } from '@stubdom/xenstore'
import { concatMap, filter, firstValueFrom } from 'rxjs'
import { GUEST, STUBDOMAIN, type World } from './world.ts'

/** How a command is carried out: given what happens to it on the way. */
export type Handler = (
  args: unknown,
  controls: {
    accept(): void
    stage(stage: string, progress?: { done: number; total?: number }): void
    commit(): boolean
    aborted: Promise<void>
    key: CommandKey
  },
) => Promise<ExecutionOutcome>

export const done = (result: unknown): ExecutionOutcome => ({ kind: 'done', result })

export const HELLO: Hello = {
  v: [1, 1],
  epoch: 'epoch00001',
  agent: '0.1.0',
  target: GUEST,
  commands: COMMAND_NAMES,
  window: 32,
  messageBytes: 262_144,
  channels: ['file'],
  deviceModel: { version: '7.2.0', driver: 'edu' },
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const at = (path: string): string => `dm-control/${path}`

/** An agent in domain 7 that speaks the real protocol: the protocol's own responder, on a client of the stubdomain. */
export class Agent {
  readonly #client: XenstoreClient
  readonly #responder: Responder
  readonly #handlers: Readonly<Record<string, Handler>>
  readonly #aborts = new Map<string, () => void>()
  #timer: NodeJS.Timeout | undefined

  static async start(
    world: World,
    handlers: Readonly<Record<string, Handler>> = {},
    hello: Partial<Hello> = {},
  ): Promise<Agent> {
    const said = { ...HELLO, ...hello }
    const agent = new Agent(await world.inDomain(STUBDOMAIN), handlers, said.epoch)
    await agent.#begin(said)
    world.whenStopped(() => agent.stop())
    return agent
  }

  private constructor(client: XenstoreClient, handlers: Readonly<Record<string, Handler>>, epoch: string) {
    this.#client = client
    this.#handlers = { ping: async () => done({}), ...handlers }
    this.#responder = new Responder({ epoch, sha256 })
  }

  async #begin(hello: Hello): Promise<void> {
    const mine = async (): Promise<boolean> => this.#client.exists(at(Layout.stubdom)).catch(() => false)
    if (!(await mine())) await firstValueFrom(this.#client.watch('dm-control').pipe(concatMap(mine), filter(Boolean)))
    this.#feed({ on: 'started', requests: await this.#standing(), responses: [], responseParts: [] })
    this.#client.watch('dm-control/dom0').subscribe({
      next: path => {
        const name = parseNodeName(path.slice('dm-control/'.length))
        if (name.kind === 'request') this.#feed({ on: 'hint', command: name.command, id: name.id })
        else void this.#lookAround()
      },
      error: () => undefined,
    })
    await this.#client.write(at(Layout.refused), this.#responder.refusedNode)
    await this.#client.write(at(Layout.hello), encodeJson(hello))
  }

  async #standing(): Promise<CommandKey[]> {
    const commands = await this.#client.list(at(Layout.requests)).catch(() => [])
    const lists = commands.map(async command => {
      const ids = await this.#client.list(at(Layout.requestsOf(command))).catch(() => [])
      return ids.map(id => ({ command, id }))
    })
    return (await Promise.all(lists)).flat()
  }

  async #lookAround(): Promise<void> {
    for (const key of await this.#standing()) this.#feed({ on: 'hint', ...key })
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#client.close()
  }

  #feed(input: ResponderInput): void {
    for (const effect of this.#responder.handle(input, performance.now())) {
      // A client that was closed, or a domain that died, is how tests end.
      this.#perform(effect).catch(() => undefined)
    }
    clearTimeout(this.#timer)
    const wakeAt = this.#responder.wakeAt
    if (wakeAt < Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(() => this.#feed({ on: 'tick' }), Math.max(0, wakeAt - performance.now())).unref()
    }
  }

  async #perform(effect: ResponderEffect): Promise<void> {
    const client = this.#client
    switch (effect.do) {
      case 'read-request': {
        const { command, id } = effect
        const bytes = await client.readIfExists(at(Layout.request(command, id)))
        return this.#feed({ on: 'request-read', command, id, bytes })
      }
      case 'claim': {
        const { command, id, node } = effect
        const [, request] = await Promise.all([
          client.write(at(Layout.response(command, id)), node),
          client.readIfExists(at(Layout.request(command, id))),
        ])
        return this.#feed({ on: 'claimed', command, id, request })
      }
      case 'write-pending':
        return client.write(at(Layout.response(effect.command, effect.id)), effect.node)
      case 'write-answer': {
        const { command, id, message } = effect
        await Promise.all(message.parts.map((part, index) => client.write(at(Layout.responsePart(id, index)), part)))
        await client.write(at(Layout.response(command, id)), message.node)
        return this.#feed({ on: 'answer-written', command, id })
      }
      case 'remove-response':
        await client.rm(at(Layout.response(effect.command, effect.id)))
        if (effect.parts) await client.rm(at(Layout.responseParts(effect.id)))
        return
      case 'list-requests': {
        const ids = await client.list(at(Layout.requestsOf(effect.command)))
        return this.#feed({ on: 'requests-listed', command: effect.command, ids })
      }
      case 'execute':
        return this.#execute(effect)
      case 'abort-execution':
        return this.#aborts.get(effect.id)?.()
      case 'write-refused':
        return client.write(at(Layout.refused), effect.node)
      case 'read-request-parts':
      case 'remove-parts':
    }
  }

  async #execute({ command, id, args }: Extract<ResponderEffect, { do: 'execute' }>): Promise<void> {
    const key = { command, id }
    const aborted = new Promise<void>(resolve => this.#aborts.set(id, resolve))
    const handler = this.#handlers[command]
    const outcome = (await handler?.(args, {
      accept: () => this.#feed({ on: 'accepted', ...key }),
      stage: (stage, progress) => this.#feed({ on: 'stage', ...key, stage, ...(progress ? { progress } : {}) }),
      commit: () => this.#responder.commit(key),
      aborted,
      key,
    })) ?? { kind: 'cancelled' as const }
    this.#aborts.delete(id)
    this.#feed({ on: 'executed', ...key, outcome })
  }
}
