import { expect, onTestFinished, test, vi } from 'vitest'
import { createLogger } from './logger.ts'

/** What is logged into memory. */
function logged(): { readonly log: ReturnType<typeof createLogger>; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = []
  return { log: createLogger('info', { write: line => void lines.push(JSON.parse(line)) }), lines }
}

test('what QEMU says is cut and printable, and a password is not there', () => {
  const { log, lines } = logged()
  log.child({ id: 'a' }).warn({ reason: `\u009b${'x'.repeat(5_000)}`, args: { password: 'hunter2' } }, 'QEMU refused')
  expect(lines).toMatchObject([{ id: 'a', msg: 'QEMU refused', args: { password: '[secret]' } }])
  expect(lines[0]?.['reason']).toHaveLength(512)
  expect(lines[0]?.['reason']).toMatch(/^\?x+…$/)
})

test('a flood of lines is cut off, and the next line says how many are missing', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const { log, lines } = logged()
  for (let n = 0; n < 10_000; n++) log.info({ n }, 'flood')
  expect(lines).toHaveLength(2_000)
  vi.advanceTimersByTime(1_000)
  log.info('after')
  expect(lines.slice(2_000)).toMatchObject([{ msg: 'after', leftOut: 8_000 }])
})
