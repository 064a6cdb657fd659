import { acl, type XenstoreClient } from '@stubdom/xenstore'

/** A guest and the stubdomain that its device model runs in. */
export interface DomainPair {
  /** Domid of the guest. */
  readonly guest: number
  /** Domid of its stubdomain. */
  readonly stubdomain: number
  readonly name: string
}

/** Stands for a ring page and an event channel where no hypervisor hands any out. */
const GFN = 1
const PORT = 1

/**
 * Introduces a pair of domains and writes the nodes that libxl writes for them, in libxl's order: the stubdomain is introduced before anything says whose it is.
 * Source: Xen, tools/libs/light/libxl_create.c and libxl_dm.c (4.17).
 */
export async function layOutDomains(dom0: XenstoreClient, { guest, stubdomain, name }: DomainPair): Promise<void> {
  await layOutDomain(dom0, guest, name)
  await layOutDomain(dom0, stubdomain, `${name}-dm`)
  const s = `/local/domain/${stubdomain}`
  await writeFor(dom0, `/local/domain/${guest}/image/device-model-domid`, `${stubdomain}`, guest)
  await writeFor(dom0, `${s}/target`, `${guest}`, stubdomain)
  await dom0.setTarget(stubdomain, guest)
  await dom0.mkdir(`${s}/device-model`)
  await dom0.mkdir(`${s}/device-model/${guest}`)
  await dom0.setPermissions(`${s}/device-model/${guest}`, acl(stubdomain, [guest, 'read']))
}

async function layOutDomain(dom0: XenstoreClient, domid: number, name: string): Promise<void> {
  const path = `/local/domain/${domid}`
  await dom0.mkdir(path)
  await dom0.setPermissions(path, acl(0, [domid, 'read']))
  await writeFor(dom0, `${path}/name`, name, domid)
  await writeFor(dom0, `${path}/domid`, `${domid}`, domid)
  await dom0.mkdir(`${path}/data`)
  await dom0.setPermissions(`${path}/data`, acl(domid))
  await dom0.introduce(domid, GFN + domid, PORT)
}

async function writeFor(dom0: XenstoreClient, path: string, value: string, domid: number): Promise<void> {
  await dom0.write(path, value)
  await dom0.setPermissions(path, acl(0, [domid, 'read']))
}
