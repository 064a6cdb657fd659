/** How a guest answers when it is asked to give a device up. */
export type GuestMood = 'answers' | 'refuses' | 'ignores'

/** A device while QEMU has it. */
export interface Presence {
  readonly qdevId: string
  readonly slot: number
  readonly permissive: boolean
  readonly from: number
  to: number
}

/** What QEMU was told that had an effect. */
export interface Effect {
  readonly at: number
  readonly command: 'device_add' | 'device_del' | 'stop' | 'cont' | 'save'
  /** The qdev id, or the file. */
  readonly subject: string
  readonly slot?: number
  readonly ok: boolean
}

/** A run state and since when; `undefined` while there is no QEMU. */
interface RunState {
  readonly from: number
  readonly running: boolean | undefined
}

/**
 * The truth about one stubdomain's device model, over all QEMUs that it had: what was there when. Answers are held against it.
 */
export class DeviceModelHistory {
  readonly presences: Presence[] = []
  readonly effects: Effect[] = []
  readonly runStates: RunState[] = []
  /** When a guest said no. */
  readonly refusals: { readonly at: number; readonly qdevId: string }[] = []

  /** Whether it was without such a device at some time. */
  lacked(qdevId: string, from: number, to: number): boolean {
    const there = this.presences.filter(one => one.qdevId === qdevId && one.to >= from && one.from <= to)
    let covered = from
    for (const one of there) {
      if (one.from > covered) return true
      covered = Math.max(covered, one.to)
    }
    return covered < to
  }

  had(qdevId: string, from: number, to: number, slot?: number): boolean {
    return this.presences.some(
      one => one.qdevId === qdevId && one.to >= from && one.from <= to && (slot === undefined || one.slot === slot),
    )
  }

  /** Whether the run state was that at some time. */
  wasRunning(running: boolean, from: number, to: number): boolean {
    return this.runStates.some((state, index) => {
      const until = this.runStates[index + 1]?.from ?? Number.POSITIVE_INFINITY
      return state.running === running && until >= from && state.from <= to
    })
  }

  /** The sets of devices there were, one for each change. */
  setsBetween(from: number, to: number): Set<string>[] {
    const changes = [from, ...this.presences.flatMap(one => [one.from, one.to]), to]
    const times = changes.filter(at => at >= from && at <= to)
    return times.map(at => new Set(this.presences.filter(one => one.from <= at && one.to > at).map(one => one.qdevId)))
  }
}
