/** What a hypervisor does to domains; each resolves when the daemon has been told. */
export interface Hypervisor {
  create(domid: number): Promise<void>
  destroy(domid: number): Promise<void>
  /** It is still there, and the daemon is told nothing but that. */
  shutdown(domid: number): Promise<void>
}

/** What clients have at the daemon besides nodes. */
export interface Usage {
  readonly watches: number
  /** Open ones; undefined when the daemon does not tell. */
  readonly transactions: number | undefined
}

/** A daemon's life, with the hypervisor that it runs on. `start` may be called again after `kill`, in the same directory. */
export interface Host {
  readonly hypervisor: Hypervisor
  /** The daemon's process while it runs; undefined when that is this one. */
  readonly pid: number | undefined
  start(): Promise<void>
  /** Ends it at once, with all its state. Rejects when it had ended before, by itself. */
  kill(): Promise<void>
  usage(): Promise<Usage>
  liveUpdate(): Promise<void>
}
