import { createHash } from 'node:crypto'
import type { DomainPair } from '@stubdom/demo'
import {
  COMMAND_NAMES,
  commandDigest,
  decodeRequestNode,
  encodeJson,
  type Hello,
  isRequestHead,
  Layout,
  parseNodeName,
} from '@stubdom/protocol'
import { isErrno, type XenstoreClient } from '@stubdom/xenstore'
import { concatMap, filter, firstValueFrom } from 'rxjs'

/** A request of dom0's as a liar sees it. */
export interface Asked {
  readonly command: string
  readonly id: string
  /** What an honest answer carries. */
  readonly digest: string
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** A path as the stubdomain itself names it. */
const at = (path: string): string => `dm-control/${path}`

/** Somebody who has taken a stubdomain over: everything is done over the domain's own connection, with no more rights than it has. */
export class Liar {
  readonly pair: DomainPair
  readonly client: XenstoreClient

  constructor(pair: DomainPair, client: XenstoreClient) {
    this.pair = pair
    this.client = client
  }

  get honestHello(): Hello {
    return {
      v: [1, 1],
      epoch: 'liar00000001',
      agent: '0.1.0',
      target: this.pair.guest,
      commands: COMMAND_NAMES,
      window: 32,
      messageBytes: 262_144,
      channels: ['file'],
      deviceModel: { version: '7.2.0', driver: 'edu' },
    }
  }

  /** Resolves when dom0 has made the control directory. */
  async invited(): Promise<void> {
    const mine = (): Promise<boolean> => this.client.exists(at(Layout.stubdom)).catch(() => false)
    await firstValueFrom(this.client.watch('dm-control').pipe(concatMap(mine), filter(Boolean)))
  }

  /** Waits for the control directory, then says hello: the honest one, or anything else. */
  async greet(hello: object | string = this.honestHello): Promise<void> {
    await this.invited()
    await this.say(Layout.hello, typeof hello === 'string' ? hello : encodeJson(hello))
  }

  say(path: string, value: string | Uint8Array): Promise<void> {
    return this.client.write(at(path), value)
  }

  /** As {@link say}; what has been used up, or is not there any more, does not stop a liar. */
  async try(path: string, value: string | Uint8Array): Promise<boolean> {
    try {
      await this.say(path, value)
      return true
    } catch (error) {
      if (isErrno(error, 'ENOSPC', 'EQUOTA', 'EACCES', 'ENOENT', 'E2BIG')) return false
      throw error
    }
  }

  remove(path: string): Promise<void> {
    return this.client.rm(at(path)).catch((error: unknown) => {
      if (!isErrno(error, 'EACCES', 'ENOENT')) throw error
    })
  }

  answer(asked: Asked, value: string | Uint8Array): Promise<boolean> {
    return this.try(Layout.response(asked.command, asked.id), value)
  }

  /** Calls `lie` for each request that it sees, each once. */
  onRequest(lie: (asked: Asked) => Promise<unknown>): void {
    const seen = new Set<string>()
    const asked = async (path: string): Promise<Asked | undefined> => {
      const name = parseNodeName(path.slice('dm-control/'.length))
      if (name.kind !== 'request' || seen.has(name.id)) return undefined
      const bytes = await this.client.readIfExists(path).catch(() => undefined)
      const request = bytes && decodeRequestNode('request', bytes)
      if (!request?.ok || isRequestHead(request.value)) return undefined
      seen.add(name.id)
      const { command, id } = name
      return { command, id, digest: commandDigest(sha256, command, request.value.args) }
    }
    const lies = this.client.watch(at(Layout.dom0)).pipe(
      concatMap(asked),
      filter(found => found !== undefined),
      concatMap(lie),
    )
    // The connection goes when the test ends.
    lies.subscribe({ error: () => undefined })
  }

  /** Does something over and over until the result is called, which waits for the last time. */
  keep(doing: (round: number) => Promise<unknown>): () => Promise<void> {
    const stop = new AbortController()
    const loop = async (): Promise<void> => {
      for (let round = 0; !stop.signal.aborted; round++) await doing(round)
    }
    const ended = loop().catch(() => undefined)
    return () => {
      stop.abort()
      return ended
    }
  }
}
