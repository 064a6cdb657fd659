import { COMMAND_NAMES, type Hello, MESSAGE_BYTES_MAX, PROTOCOL_VERSIONS } from '@stubdom/protocol'
import type { AgentOptions } from './options.ts'
import { AGENT_VERSION } from './version.ts'

/** Random, named in every request: tells this run of the agent from every other. 12 characters of `[0-9a-z]`. */
export function newEpoch(): string {
  const digits = crypto.getRandomValues(new Uint8Array(12))
  return Array.from(digits, byte => (byte % 36).toString(36)).join('')
}

/** What an agent says of itself when it is ready. */
export function helloOf(epoch: string, target: number, qemuVersion: string, options: AgentOptions): Hello {
  return {
    v: [...PROTOCOL_VERSIONS],
    epoch,
    agent: AGENT_VERSION,
    target,
    commands: [...COMMAND_NAMES],
    window: options.window,
    messageBytes: MESSAGE_BYTES_MAX,
    channels: options.saveDir === undefined ? [] : ['file'],
    deviceModel: { version: qemuVersion, driver: options.driver },
  }
}
