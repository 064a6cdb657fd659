import { join } from 'node:path'

/** Where what the agent shares with its QEMU lies. The paths of sockets are limited to 107 bytes. */
export interface RunPaths {
  readonly directory: string
  /** QEMU's monitor for the agent. */
  readonly agentQmp: string
  /** QEMU's monitor behind the QMP that the agent serves the toolstack with. */
  readonly frontQmp: string
  /** That QMP. */
  readonly front: string
  /** What QEMU has as /dev/fdset/1. */
  readonly fdset: string
}

export function pathsIn(directory: string): RunPaths {
  return {
    directory,
    agentQmp: join(directory, 'agent.qmp'),
    frontQmp: join(directory, 'front.qmp'),
    front: join(directory, 'toolstack.qmp'),
    fdset: join(directory, 'fdset-1'),
  }
}
