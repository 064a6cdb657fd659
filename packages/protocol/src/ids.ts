/**
 * Command ids: `<8 base-36 digits: ms since 1970>-<2: count within the ms><5: random>`, 16 characters.
 * They sort by creation time, carry it, and are unique among dom0 processes that do not know of each other.
 * A requester of another make may put up to seven characters of its own choice behind the dash.
 */

/** What an id looks like. */
export const COMMAND_ID = /^[0-9a-z]{8}-[0-9a-z]{1,7}$/
const TIME_DIGITS = 8
const RANDOM_DIGITS = 5
const RANDOM_SPACE = 36 ** RANDOM_DIGITS
const PER_MILLISECOND = 36 ** 2

export function isCommandId(text: string): boolean {
  return COMMAND_ID.test(text)
}

/** Milliseconds since 1970 at which `id` was made, by its maker's clock. */
export function idTime(id: string): number {
  return Number.parseInt(id.slice(0, TIME_DIGITS), 36)
}

/**
 * Makes ids that rise even when the clock stands still or steps back.
 * @param clock milliseconds since 1970
 * @param random a number in [0, 1), like Math.random
 */
export function idGenerator(clock: () => number, random: () => number): () => string {
  let lastTime = 0
  let count = 0
  return () => {
    const now = Math.max(Math.trunc(clock()), lastTime)
    count = now === lastTime ? count + 1 : 0
    lastTime = now
    if (count === PER_MILLISECOND) {
      lastTime += 1
      count = 0
    }
    const tail = Math.floor(random() * RANDOM_SPACE)
    return `${digits(lastTime, TIME_DIGITS)}-${digits(count, 2)}${digits(tail, RANDOM_DIGITS)}`
  }
}

function digits(value: number, width: number): string {
  return value.toString(36).padStart(width, '0')
}
