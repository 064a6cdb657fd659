import { merge } from 'rxjs'
import { CommandFailure } from '../commands/failure.ts'
import { type Assignment, FRONTEND, isLeaving, listAssignments, readExport } from './assignment.ts'
import { Bell } from './bell.ts'
import type { PciPort } from './port.ts'

/** Milliseconds between looks at sysfs, which tells nobody of a new entry. */
const INTERVAL_MS_MIN = 2
const INTERVAL_MS_MAX = 20
const INTERVAL_GROWTH = 1.3

/** Milliseconds. Watches are hints: this often Xenstore is looked at without one. */
const RELOOK_MS = 1_000

const CONNECTED = '4'

export interface ArrivalOptions {
  /** Gives up; the wait rejects with its reason. */
  readonly signal: AbortSignal
  /** Milliseconds that the device may take. */
  readonly withinMs: number
  /** What is waited for, each time that it changes. Not called when everything is there. */
  readonly waiting?: (stage: string) => void
}

/** What one look at a device’s way into the stubdomain showed. */
type Look =
  | { readonly kind: 'here'; readonly local: string }
  /** pcifront has taken the device in; the kernel has not made its sysfs entry yet. */
  | { readonly kind: 'waiting-for-sysfs'; readonly local: string; readonly missing: string }
  | { readonly kind: 'waiting-for-pcifront'; readonly missing: string }

/**
 * Waits until QEMU can open a device that the toolstack has given to the stubdomain, and resolves with its address there. pciback publishes the address once
 * pcifront listens, pcifront says Connected once it has scanned the bus, and the configuration space appears in sysfs some time after.
 *
 * Rejects with a CommandFailure: `not-assigned` when pciback does not list the device, `pcifront-failed` as soon as the frontend closes, `sysfs-timeout` with what
 * was missing.
 */
export async function arrival(bdf: string, port: PciPort, options: ArrivalOptions): Promise<string> {
  const { signal, withinMs, waiting } = options
  const timeout = AbortSignal.timeout(Math.max(0, Math.floor(withinMs)))
  const either = AbortSignal.any([signal, timeout])
  const bell = new Bell()
  const ring = () => bell.ring()
  let missing = 'Xenstore did not answer'
  let stage = ''
  let watching: { unsubscribe(): void } | undefined
  try {
    for (;;) {
      const found = await look(bdf, port, either)
      if (found.kind === 'here') return found.local
      if (stage !== found.kind) waiting?.(found.kind)
      stage = found.kind
      missing = found.missing
      // Most devices are here when they are asked for: two watches for nothing would double the cost.
      watching ??= merge(port.changes(FRONTEND), port.changes(await backendPath(bdf, port, either))).subscribe(ring)
      if (found.kind === 'waiting-for-pcifront') await bell.wait(RELOOK_MS, either)
      else if (await appears(found.local, port, bell, either)) return found.local
    }
  } catch (error) {
    if (!timeout.aborted || signal.aborted || error instanceof CommandFailure) throw error
    const message = `${bdf} did not arrive within ${Math.floor(withinMs)} ms: ${missing}`
    throw new CommandFailure('sysfs-timeout', message, { ...(stage ? { stage } : {}), cause: error })
  } finally {
    watching?.unsubscribe()
  }
}

/** True when the configuration space is there; false when something happened in Xenstore, or it is time to look there. */
async function appears(local: string, port: PciPort, bell: Bell, signal: AbortSignal): Promise<boolean> {
  const relookAt = performance.now() + RELOOK_MS
  for (let interval = INTERVAL_MS_MIN; performance.now() < relookAt; interval *= INTERVAL_GROWTH) {
    if (await bell.wait(Math.min(interval, INTERVAL_MS_MAX), signal)) return false
    if (port.hasConfig(local)) return true
  }
  return false
}

async function look(bdf: string, port: PciPort, signal: AbortSignal): Promise<Look> {
  const backend = await backendPath(bdf, port, signal)
  const [assignments, state] = await Promise.all([
    listAssignments(port, backend, signal),
    port.read(`${FRONTEND}/state`, signal),
  ])
  const assignment = assignments.find(device => device.bdf === bdf)
  const exported = assignment && (await readExport(port, backend, assignment, signal))
  if (!assignment || exported?.leaving) throw notAssigned(bdf, backend, assignments)
  if (state === undefined || isLeaving(state)) throw await frontendFailed(state, port, signal)
  if (state !== CONNECTED) return { kind: 'waiting-for-pcifront', missing: frontendIs(state) }
  if (exported?.local === undefined) {
    return { kind: 'waiting-for-pcifront', missing: `pciback has not published vdev-${assignment.index} for it yet` }
  }
  const { local } = exported
  if (port.hasConfig(local)) return { kind: 'here', local }
  return { kind: 'waiting-for-sysfs', local, missing: `${port.devices}/${local}/config is not there` }
}

/** Where pciback keeps its side. */
export async function backendPath(bdf: string, port: PciPort, signal: AbortSignal): Promise<string> {
  const backend = await port.read(`${FRONTEND}/backend`, signal)
  if (backend !== undefined) return backend
  throw new CommandFailure('not-assigned', `${bdf} is not assigned to the stubdomain: it has no ${FRONTEND}/backend`)
}

function notAssigned(bdf: string, backend: string, assignments: readonly Assignment[]): CommandFailure {
  const listed = assignments.map(device => device.bdf).join(', ') || 'no device'
  return new CommandFailure('not-assigned', `${bdf} is not assigned to the stubdomain: ${backend} lists ${listed}`)
}

/** The reason is what the kernel left where it reports a device’s errors. Source: Linux, drivers/xen/xenbus/xenbus_client.c. */
async function frontendFailed(state: string | undefined, port: PciPort, signal: AbortSignal): Promise<CommandFailure> {
  const reason = await port.read(`error/${FRONTEND}/error`, signal)
  const what = state === undefined ? `${FRONTEND}/state is gone` : `the PCI frontend is ${stateName(state)}`
  return new CommandFailure('pcifront-failed', reason ? `${what}: ${reason}` : what)
}

function frontendIs(state: string): string {
  const hint = state === '1' ? '; is xen-pcifront loaded in the stubdomain?' : ''
  return `the PCI frontend is ${stateName(state)}, not yet Connected${hint}`
}

/** Source: Xen, xen/include/public/io/xenbus.h. */
const STATES = [
  'Unknown',
  'Initialising',
  'InitWait',
  'Initialised',
  'Connected',
  'Closing',
  'Closed',
  'Reconfiguring',
  'Reconfigured',
]

function stateName(state: string): string {
  return STATES[Number(state)] ?? `in state ${JSON.stringify(state)}`
}
