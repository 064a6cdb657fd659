import { type Acl, decodeAcl } from '../acl.ts'
import { quoted } from '../quoted.ts'
import { nulTerminated, splitNul } from '../wire/codec.ts'
import { Op } from '../wire/messages.ts'
import { checkAcl, checkPath, checkPayload, checkWatchable } from './checks.ts'
import type { Requester } from './connection.ts'
import { listDirectory } from './directory.ts'
import { isErrno } from './errors.ts'
import type { CallOptions } from './limits.ts'

export interface ListOptions extends CallOptions {
  /** The most bytes of names to accept, one byte for each name's end included; 1 MiB by default. */
  readonly maxBytes?: number | undefined
}

/**
 * Reading and writing nodes, outside of a transaction (the client) or inside of one. Paths may be relative, to the
 * directory of the domain that is connected. Every method rejects with an error of the tree in `errors.ts`.
 */
export interface XenstoreData {
  /** The node's value. */
  read(path: string, options?: CallOptions): Promise<Buffer>
  /** The node's value, decoded as UTF-8. */
  readText(path: string, options?: CallOptions): Promise<string>
  /** The node's value; undefined when there is no such node (ENOENT), and only then. */
  readIfExists(path: string, options?: CallOptions): Promise<Buffer | undefined>
  /** Sets the value, creating the node and its parents as needed. Strings are encoded as UTF-8. */
  write(path: string, value: string | Uint8Array, options?: CallOptions): Promise<void>
  /** Creates the node, empty, and its parents as needed; does nothing when it exists. */
  mkdir(path: string, options?: CallOptions): Promise<void>
  /**
   * Removes the node and all below it. Succeeds when there is none: to the daemons its absence is an
   * ENOENT only when its parent is missing too.
   */
  rm(path: string, options?: CallOptions): Promise<void>
  /**
   * The names of the node's children. A directory too large for one message is read in parts, anew when it changed in
   * between. Rejects with E2BIG when it has more than `maxBytes`, and with EAGAIN when it changed during each of ten
   * readings; both are the client's own judgement. oxenstored gives domains other than dom0 no parts (ENOSYS).
   */
  list(path: string, options?: ListOptions): Promise<string[]>
  /** Whether the node exists. EACCES is an error here, not an answer. */
  exists(path: string, options?: CallOptions): Promise<boolean>
  /** The node's permissions. */
  getPermissions(path: string, options?: CallOptions): Promise<Acl>
  /** Replaces the node's permissions. */
  setPermissions(path: string, acl: Acl, options?: CallOptions): Promise<void>
}

/** {@link XenstoreData} over anything that takes requests. */
export class DataOperations implements XenstoreData {
  readonly #requester: Requester

  constructor(requester: Requester) {
    this.#requester = requester
  }

  async read(path: string, options?: CallOptions): Promise<Buffer> {
    checkPath('read', path)
    return this.#request(Op.READ, path, nulTerminated(path), options)
  }

  async readText(path: string, options?: CallOptions): Promise<string> {
    return (await this.read(path, options)).toString('utf8')
  }

  async readIfExists(path: string, options?: CallOptions): Promise<Buffer | undefined> {
    try {
      return await this.read(path, options)
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined
      throw error
    }
  }

  async write(path: string, value: string | Uint8Array, options?: CallOptions): Promise<void> {
    checkPath('write', path)
    const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value
    await this.#request(Op.WRITE, path, Buffer.concat([nulTerminated(path), bytes]), options)
  }

  async mkdir(path: string, options?: CallOptions): Promise<void> {
    checkPath('mkdir', path)
    await this.#request(Op.MKDIR, path, nulTerminated(path), options)
  }

  async rm(path: string, options?: CallOptions): Promise<void> {
    checkPath('rm', path)
    try {
      await this.#request(Op.RM, path, nulTerminated(path), options)
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error
    }
  }

  async list(path: string, options?: ListOptions): Promise<string[]> {
    checkPath('list', path)
    return listDirectory(this.#requester, { path, maxBytes: options?.maxBytes }, this.#requester.limits(options))
  }

  async exists(path: string, options?: CallOptions): Promise<boolean> {
    return (await this.readIfExists(path, options)) !== undefined
  }

  async getPermissions(path: string, options?: CallOptions): Promise<Acl> {
    checkWatchable('getPermissions', path)
    const reply = await this.#request(Op.GET_PERMS, path, nulTerminated(path), options)
    const acl = decodeAcl(splitNul(reply))
    if (!acl) throw this.#requester.violation(`permissions of ${path} that cannot be read: ${quoted(`${reply}`)}`)
    return acl
  }

  async setPermissions(path: string, acl: Acl, options?: CallOptions): Promise<void> {
    checkWatchable('setPermissions', path)
    const entries = checkAcl(`setPermissions ${path}`, acl)
    await this.#request(Op.SET_PERMS, path, nulTerminated(path, ...entries), options)
  }

  async #request(op: Op, path: string, payload: Buffer, options: CallOptions | undefined): Promise<Buffer> {
    const request = { op, path, payload }
    checkPayload(request, this.#requester.maxPayload)
    return this.#requester.request(request, this.#requester.limits(options))
  }
}
