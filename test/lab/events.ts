/** What dom0 tells the host, one JSON document a line. */
export type LabEvent =
  | { readonly event: 'booted' | 'prepared' | 'ready' | 'done' | 'ended' }
  /** So many tests come next; `topics` are all that there are tests of. */
  | { readonly event: 'planned'; readonly tests: number; readonly topics: readonly string[] }
  | { readonly event: 'began'; readonly test: string }
  | { readonly event: 'passed'; readonly test: string; readonly ms: number }
  | { readonly event: 'failed'; readonly test: string; readonly ms: number; readonly error: string }
  | { readonly event: 'skipped'; readonly test: string; readonly why: string }
  /** For people, while they wait. */
  | { readonly event: 'note'; readonly text: string }
  /** What was added to a log or console. */
  | { readonly event: 'log'; readonly file: string; readonly text: string }
  | { readonly event: 'measured'; readonly row: MeasuredRow }

/** One line of the benchmark's table; milliseconds unless `unit` says otherwise. */
export interface MeasuredRow {
  readonly name: string
  readonly stock: number | string
  readonly ours: number | string
  readonly unit: string
}

/** What the host wants dom0 to do: a line each. After `prepare`, which lays out guests that tests begin with, and after each `test` another one is waited for. */
export type LabRequest =
  | { readonly mode: 'prepare' }
  | LabTests
  | { readonly mode: 'shell'; readonly terminal: { readonly rows: number; readonly columns: number } }
  | { readonly mode: 'bench' }
  | { readonly mode: 'end' }

export interface LabTests {
  readonly mode: 'test'
  readonly topic: string
  /** Only tests whose name contains one of these; all when there is none. */
  readonly filters: readonly string[]
}
