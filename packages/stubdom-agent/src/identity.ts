import { COMMAND_NAMES, type Hello, MESSAGE_BYTES_MAX, PROTOCOL_VERSIONS } from '@stubdom/protocol'
import type { AgentOptions } from './options.ts'
import type { StateChannels } from './save/channel.ts'
import { AGENT_VERSION } from './version.ts'

/** Random, named in every request: tells this run of the agent from every other. 12 characters of `[0-9a-z]`. */
export function newEpoch(): string {
  const digits = crypto.getRandomValues(new Uint8Array(12))
  return Array.from(digits, byte => (byte % 36).toString(36)).join('')
}

/** What an agent says of itself when it is ready. */
export function helloOf(
  epoch: string,
  target: number,
  qemuVersion: string,
  { options, states }: { readonly options: AgentOptions; readonly states: StateChannels },
): Hello {
  return {
    v: [...PROTOCOL_VERSIONS],
    epoch,
    agent: AGENT_VERSION,
    target,
    commands: [...COMMAND_NAMES],
    window: options.window,
    messageBytes: MESSAGE_BYTES_MAX,
    channels: states.saving.map(({ name }) => name),
    restoreChannels: states.restoring.map(({ name }) => name),
    deviceModel: { version: qemuVersion, driver: options.driver },
  }
}
