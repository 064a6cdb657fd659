import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { guardedLogger } from './guarded-logger.ts'
import type { Logger } from './logger.ts'

// The clock stands still but where it is moved.
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

function logged(): { readonly logger: Logger; readonly lines: object[] } {
  const lines: object[] = []
  const from = (bound: object): Logger => {
    const line = (fields: object, message: string): void => void lines.push({ ...bound, ...fields, message })
    return { debug: line, warn: line, child: fields => from({ ...bound, ...fields }) }
  }
  return { logger: guardedLogger(from({})), lines }
}

test('one stubdomain causes no more than some lines, whatever they belong to, and the next one counts the rest', () => {
  const { logger, lines } = logged()
  for (let n = 0; n < 1_000; n++) logger.child({ id: `${n}` }).debug({ n }, 'flood')
  for (let n = 0; n < 1_000; n++) logger.warn({ n }, 'flood')
  expect(lines).toHaveLength(500)
  vi.advanceTimersByTime(1_000)
  logger.debug({}, 'after')
  expect(lines.at(-1)).toEqual({ message: 'after', leftOut: 1_500 })
})

test('what it wrote is printable and cut, and a password is not there', () => {
  const { logger, lines } = logged()
  logger.child({ id: '\u009b' }).warn({ reason: 'x'.repeat(1_000), args: { password: 'hunter2' } }, 'a\u001b[2J')
  expect(lines).toEqual([{ id: '?', reason: `${'x'.repeat(511)}…`, args: { password: '[secret]' }, message: 'a?[2J' }])
})
