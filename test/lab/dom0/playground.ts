import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Guest } from './guest.ts'
import { tell } from './host.ts'
import { E1000E, EDU, makeAssignable, TESTDEV } from './pci.ts'
import { sharedGuest } from './shared-guest.ts'

/** The console that the host connects with a person's terminal; Xen's own is hvc0. */
const CONSOLE = '/dev/hvc1'

const WELCOME = (guest: Guest) => `
A shell in dom0 of Xen 4.17. ${guest.name} is domain ${guest.domid}, its stubdomain ${guest.stubdomain}; ${EDU.bdf} (edu), ${TESTDEV.bdf} (pci-testdev) and
${E1000E.bdf} (e1000e) are ready to be assigned. Other guests, if there are any, are the tests'. Try:

    stubdomctl list; stubdomctl status ${guest.name}; stubdomctl ping ${guest.name} -c 10
    stubdomctl pci-attach --plumb ${guest.name} 00:06.0; xl pci-attach ${guest.name} 00:07.0; stubdomctl pci-list ${guest.name}
    xenstore-ls -f /local/domain/${guest.stubdomain}/dm-control
    tail /var/log/xen/qemu-dm-${guest.name}.log        # the stubdomain's console
    xl dmesg | tail                                # the guest's
    xenstore-read /local/domain/${guest.domid}/data/pci      # the devices that the guest sees: slot:identity

"exit" ends it.
`

/** Of the person's. */
interface Terminal {
  readonly rows: number
  readonly columns: number
}

/** Lays out a world to play with and lets a person have it; resolves when the shell has ended. */
export async function runPlayground(terminal: Terminal): Promise<void> {
  tell({ event: 'note', text: 'lab: a guest with a stubdomain is laid out …' })
  const guest = await sharedGuest()
  for (const { bdf } of [EDU, TESTDEV, E1000E]) await makeAssignable(bdf)
  tell({ event: 'note', text: WELCOME(guest) })
  tell({ event: 'ready' })
  const size = `stty rows ${terminal.rows} cols ${terminal.columns}; `
  // A session of its own, whose first terminal becomes the controlling one: Ctrl-C works.
  const shell = spawn('setsid', ['sh', '-c', `exec <${CONSOLE} >${CONSOLE} 2>&1; ${size}cd /root; exec sh`], {
    stdio: 'ignore',
    env: { ...process.env, PS1: 'dom0 # ' },
  })
  await once(shell, 'exit')
}
