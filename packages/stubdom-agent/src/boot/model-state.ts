import type { MonitorState } from '../qemu/monitor.ts'

/** Where a QEMU stands that the agent starts itself. */
export type BootState =
  | { readonly kind: 'reading-config'; readonly reason: string | undefined }
  | { readonly kind: 'waiting-devices'; readonly reason: string }
  | { readonly kind: 'starting-qemu'; readonly reason: string | undefined }
  /** The rest its monitor tells. `remark`: what does not work beside it. */
  | { readonly kind: 'started'; readonly remark: string | undefined }
  | { readonly kind: 'exited'; readonly reason: string }

/** Where the device model stands, as it is published in `status`. */
export type ModelState =
  | Exclude<BootState, { kind: 'started' }>
  | Exclude<MonitorState, { kind: 'ready' }>
  | { readonly kind: 'ready'; readonly remark?: string | undefined }

/** The process tells more than its monitor, except of a QEMU that runs. */
export function modelState(boot: BootState, monitor: MonitorState): ModelState {
  if (boot.kind === 'starting-qemu' && monitor.kind === 'silent') return monitor
  if (boot.kind !== 'started') return boot
  return monitor.kind === 'ready' ? { kind: 'ready', remark: boot.remark } : monitor
}
