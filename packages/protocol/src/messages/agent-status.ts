import * as z from 'zod/mini'
import { type Decoded, decodeWith } from '../codec/decode.ts'
import { VALUE_BYTES_MAX } from '../limits.ts'
import { epoch, shortText, text } from './fields.ts'

/** How far an agent has come. Only `ready` goes with a hello. */
export const AGENT_STAGES = {
  starting: 'the agent has begun',
  'reading-config': 'the agent reads what the toolstack wants QEMU to be',
  'waiting-devices': 'waiting for devices of the stubdomain that QEMU is to use',
  'starting-qemu': 'QEMU is being started',
  'connecting-qemu': 'waiting for QEMU’s monitor to answer',
  'qemu-silent':
    'QEMU’s monitor takes the connection but sends no greeting: QEMU hangs, or another client holds the monitor',
  'qemu-gone': 'QEMU’s monitor is gone',
  'qemu-exited': 'QEMU, which the agent had started, has ended',
  ready: 'commands are taken',
  stopped: 'the agent was told to stop',
} as const

export type AgentStage = keyof typeof AGENT_STAGES

const agentStatus = z.strictObject({
  v: z.literal(1),
  agent: shortText,
  epoch,
  stage: z.enum(Object.keys(AGENT_STAGES) as [AgentStage, ...AgentStage[]]),
  error: z.optional(text),
})

/** The node `status`: says why there is no hello. */
export type AgentStatus = z.output<typeof agentStatus>
export { agentStatus }

export function decodeAgentStatus(bytes: Uint8Array): Decoded<AgentStatus> {
  return decodeWith('status', agentStatus, bytes, VALUE_BYTES_MAX)
}
