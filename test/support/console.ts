import { open } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { Child, findProgram } from '@stubdom/demo'
import { onTestFinished } from 'vitest'

/** What stands for one of Xen's consoles: a terminal in the stubdomain, and what its backend in dom0 has for it. */
export interface Console {
  /** The process that stands for the backend. */
  readonly backend: Child
}

/**
 * Makes a terminal at `path`, for the time of a test, and joins it with `other` in one direction, both as socat(1) names things. It is kept open, as by a
 * stubdomain's init, and is raw unless said otherwise.
 */
export async function startConsole(
  path: string,
  other: string,
  { to, raw = true }: { to: 'dom0' | 'stubdomain'; raw?: boolean },
): Promise<Console> {
  const terminal = `PTY,link=${path}${raw ? ',rawer' : ''}`
  const socat = await findProgram('socat')
  if (!socat) throw new Error('socat is missing: apt-get install socat')
  const backend = await Child.start(socat, ['-u', ...(to === 'dom0' ? [terminal, other] : [other, terminal])], [])
  onTestFinished(async () => {
    backend.signal('SIGKILL')
    await backend.exited
  })
  const kept = await opened(path, backend)
  onTestFinished(() => kept.close())
  return { backend }
}

async function opened(path: string, backend: Child) {
  for (;;) {
    try {
      return await open(path, 'r+')
    } catch (error) {
      if (!backend.running) throw new Error(`no console at ${path}: ${backend.stderrTail()}`, { cause: error })
      await delay(5)
    }
  }
}
