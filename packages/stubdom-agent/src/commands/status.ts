import { queryRunState } from '../qemu/run-state.ts'
import type { CommandHandler } from './handler.ts'

export const status: CommandHandler<'status'> = {
  async run(_args, { id, qemu, agent, removals }) {
    const { status: runState, running } = await queryRunState(qemu)
    return {
      agent: { version: agent.version, uptimeMs: Math.round(agent.uptimeMs()), window: agent.window },
      qemu: { version: qemu.version, runState, running },
      inFlight: agent
        .inFlight()
        .filter(other => other.id !== id)
        .slice(0, 256)
        .map(({ overdue, ...rest }) => (overdue ? { ...rest, overdue } : rest)),
      pendingRemovals: removals.pending.slice(0, 64),
    }
  },
}
