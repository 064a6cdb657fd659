/** Reports of one state’s way: each is a write in Xenstore. */
const REPORTS_MAX = 16
const STEP_BYTES_MIN = 64 * 1024

/** Reports how far a state has come, from its beginning on, as often as is of use to a person: nothing of a small one. */
export function stateProgress(
  bytes: number,
  report: (done: number, total: number) => void,
): (done: number, total: number) => void {
  const step = Math.max(STEP_BYTES_MIN, bytes / REPORTS_MAX)
  let reported = 0
  if (bytes > step) report(0, bytes)
  return (done, total) => {
    if (done - reported < step) return
    reported = done
    report(done, total)
  }
}
