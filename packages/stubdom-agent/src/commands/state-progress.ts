/** Reports of one state’s way: each is a write in Xenstore. */
const REPORTS_MAX = 16
const STEP_BYTES_MIN = 64 * 1024

/** Passes on how far a state has come, as often as is of use to a person. */
export function stateProgress(report: (done: number, total: number) => void): (done: number, total: number) => void {
  let reported = 0
  return (done, total) => {
    if (done - reported < Math.max(STEP_BYTES_MIN, total / REPORTS_MAX)) return
    reported = done
    report(done, total)
  }
}
