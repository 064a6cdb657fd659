import { printable } from '../codec/text.ts'
import type { PendingResponse } from '../messages/response.ts'

/** Why a command has no final answer, in words a person can act on. */
export function describePending(command: string, latest: PendingResponse | undefined): string {
  if (!latest) return 'the agent gave no sign of having seen the command'
  if (latest.state === 'accepted') {
    return command === 'pci-detach'
      ? 'QEMU has asked the guest to give the device up, the guest has not answered yet; repeat the command to ask again'
      : 'QEMU took the command and has not finished it'
  }
  const stage = latest.stage === undefined ? '' : ` (stage ${printable(latest.stage, 64)})`
  return `the agent is still working on the command${stage}; QEMU may be hanging`
}
