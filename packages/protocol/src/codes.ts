/**
 * The closed set of error codes. `AGENT_CODES` may stand in a response; `VERDICT_CODES` are given by dom0 itself and are refused in a response.
 * docs/protocol.md says for each what a person can do about it.
 */

export const AGENT_CODES = {
  'bad-request': 'the request is not of the command’s form',
  unsupported: 'the agent does not know the command or cannot honour one of its options',
  version: 'the request’s protocol version is not one that the agent speaks',
  busy: 'the agent’s window or its room for answers is full',
  'stale-epoch': 'the request was made for an earlier run of the agent; nothing was done',
  interrupted: 'the agent restarted while it worked on the command',
  deadline: 'the deadline passed before the command was begun',
  expired: 'the id was answered before, and the answer is no longer there',
  'device-not-found': 'no such device is attached',
  'already-attached': 'the device is attached already',
  'not-assigned': 'the device is not assigned to this stubdomain',
  'sysfs-timeout': 'the device did not appear in the stubdomain',
  'pcifront-failed': 'the stubdomain’s PCI frontend closed or failed',
  'guest-refused': 'the guest refused to give the device up',
  'save-failed': 'the device model’s state could not be saved',
  'restore-failed': 'the device model could not be given the state',
  'qemu-error': 'QEMU refused; the message is its own',
  'qemu-gone': 'QEMU ended or closed its monitor',
  'too-large': 'the answer is larger than a message may be',
  quota: 'the stubdomain’s Xenstore quota is used up',
  internal: 'a fault of the agent',
} as const

export const VERDICT_CODES = {
  'no-agent': 'no agent is ready in the stubdomain; nothing was done',
  unresponsive: 'the stubdomain let several deadlines pass without any answer',
  'domain-gone': 'the guest or its stubdomain was destroyed',
  conflict: 'the id was used for another command',
  expired: 'the request is no longer there',
  deadline: 'no final answer came in time',
  'bad-response': 'the stubdomain’s answer is not of the protocol’s form',
  unanswered: 'the agent took the command and could not write how it ended',
  'not-delivered': 'the request could not be written',
  disconnected: 'the connection to Xenstore was lost',
} as const

export type AgentCode = keyof typeof AGENT_CODES
export type VerdictCode = keyof typeof VERDICT_CODES
export type ErrorCode = AgentCode | VerdictCode

export const AGENT_CODE_NAMES = Object.keys(AGENT_CODES) as [AgentCode, ...AgentCode[]]

/** What a failed command left behind. `unknown` is only ever dom0's verdict. */
export type FailureOutcome = 'not-done' | 'partly'
