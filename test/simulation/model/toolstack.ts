import { Op } from '@stubdom/xenstore'
import type { Xenstored } from './xenstored.ts'

/** A guest and the stubdomain of its device model. */
export interface DomainPair {
  readonly guest: number
  readonly stubdomain: number
}

/** What libxl does about domains in Xenstore. Source: Xen, tools/libs/light/libxl_create.c, libxl_dm.c, libxl_domain.c. */
export class Toolstack {
  readonly #xenstored: Xenstored

  constructor(xenstored: Xenstored) {
    this.#xenstored = xenstored
  }

  /** The stubdomain is introduced before anything says whose it is. */
  layOut({ guest, stubdomain }: DomainPair): void {
    const { domains } = this.#xenstored
    for (const domid of [guest, stubdomain]) {
      if (!domains.exists(domid)) domains.create(domid)
      const path = `/local/domain/${domid}`
      this.#do(Op.MKDIR, path)
      this.#do(Op.SET_PERMS, path, 'n0', `r${domid}`)
      this.#write(`${path}/name`, `hvm${domid}`, domid)
      this.#do(Op.INTRODUCE, `${domid}`, `${domid + 1}`, '1')
    }
    this.#write(`/local/domain/${guest}/image/device-model-domid`, `${stubdomain}`, guest)
    this.#write(`/local/domain/${stubdomain}/target`, `${guest}`, stubdomain)
    this.#do(Op.SET_TARGET, `${stubdomain}`, `${guest}`)
  }

  /** The domains end; their directories go a little later, see {@link clearUp}. */
  destroy({ guest, stubdomain }: DomainPair): void {
    this.#xenstored.destroyDomain(stubdomain)
    this.#xenstored.destroyDomain(guest)
  }

  clearUp({ guest, stubdomain }: DomainPair): void {
    for (const domid of [stubdomain, guest]) this.#do(Op.RM, `/local/domain/${domid}`)
  }

  #write(path: string, value: string, reader: number): void {
    this.#xenstored.request(Op.WRITE, `${path}\0${value}`)
    this.#do(Op.SET_PERMS, path, 'n0', `r${reader}`)
  }

  #do(op: number, ...strings: string[]): void {
    this.#xenstored.request(op, strings.map(text => `${text}\0`).join(''))
  }
}
