import * as z from 'zod/mini'
import type { Qemu } from '../commands/task.ts'
import { parseReply } from './reply.ts'

const queryStatus = z.object({ running: z.boolean(), status: z.string().check(z.regex(/^[a-z][a-z0-9-]{0,31}$/)) })

/** QEMU’s run state: `status` in its own words, `running` when its devices run. */
export interface QemuRunState {
  readonly running: boolean
  readonly status: string
}

export async function queryRunState(qemu: Qemu): Promise<QemuRunState> {
  return parseReply('query-status', queryStatus, await qemu.execute('query-status'))
}
