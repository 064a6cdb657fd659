import { join } from 'node:path'

/** Where what the agent shares with its QEMU lies. The paths of sockets are limited to 107 bytes. */
export interface RunPaths {
  readonly directory: string
  /** QEMU's monitor for the agent. */
  readonly agentQmp: string
  /** QEMU's monitor for the toolstack. */
  readonly toolstackQmp: string
  /** What QEMU has as /dev/fdset/1. */
  readonly fdset: string
}

export function pathsIn(directory: string): RunPaths {
  return {
    directory,
    agentQmp: join(directory, 'agent.qmp'),
    toolstackQmp: join(directory, 'toolstack.qmp'),
    fdset: join(directory, 'fdset-1'),
  }
}
