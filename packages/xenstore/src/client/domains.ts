import { quoted } from '../quoted.ts'
import { nulTerminated } from '../wire/codec.ts'
import { Op } from '../wire/messages.ts'
import { checkDomid, checkInteger } from './checks.ts'
import type { Requester } from './connection.ts'
import type { CallOptions } from './limits.ts'

/** The daemons read it as a C long. */
const GFN_MAX = 2n ** 63n - 1n
/** The daemons read it as a C int, and refuse 0. */
const PORT_MAX = 2 ** 31 - 1

/** What concerns domains rather than nodes. All but `domainPath` need dom0's privilege. */
export class DomainOperations {
  readonly #requester: Requester

  constructor(requester: Requester) {
    this.#requester = requester
  }

  async introduce(domid: number, gfn: number | bigint, port: number, options?: CallOptions): Promise<void> {
    const where = `introduce ${domid}`
    checkInteger(`${where}: gfn`, gfn, 0, GFN_MAX)
    checkInteger(`${where}: port`, port, 1, PORT_MAX)
    await this.#request(Op.INTRODUCE, 'introduce', domid, [String(gfn), String(port)], options)
  }

  async release(domid: number, options?: CallOptions): Promise<void> {
    await this.#request(Op.RELEASE, 'release', domid, [], options)
  }

  async isIntroduced(domid: number, options?: CallOptions): Promise<boolean> {
    const reply = await this.#request(Op.IS_DOMAIN_INTRODUCED, 'isIntroduced', domid, [], options)
    if (reply !== 'T' && reply !== 'F') {
      throw this.#requester.violation(`${quoted(reply)} as the answer whether a domain is introduced`)
    }
    return reply === 'T'
  }

  domainPath(domid: number, options?: CallOptions): Promise<string> {
    return this.#request(Op.GET_DOMAIN_PATH, 'domainPath', domid, [], options)
  }

  async setTarget(domid: number, targetDomid: number, options?: CallOptions): Promise<void> {
    checkDomid(`setTarget ${domid}`, targetDomid)
    await this.#request(Op.SET_TARGET, 'setTarget', domid, [String(targetDomid)], options)
  }

  async #request(op: Op, where: string, domid: number, rest: string[], options?: CallOptions): Promise<string> {
    checkDomid(where, domid)
    const payload = nulTerminated(String(domid), ...rest)
    const reply = await this.#requester.request({ op, payload }, this.#requester.limits(options))
    return reply.toString('utf8').replace(/\0$/, '')
  }
}
