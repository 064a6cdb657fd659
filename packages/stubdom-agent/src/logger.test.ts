import { expect, test } from 'vitest'
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

test('a flood of lines is cut off, and the next line says how many are missing', async () => {
  const { log, lines } = logged()
  for (let n = 0; n < 10_000; n++) log.info({ n }, 'flood')
  expect(lines.length).toBeLessThan(2_500)
  const before = lines.length
  while (lines.length === before) {
    log.info('after')
    await new Promise(resolve => setImmediate(resolve))
  }
  expect(lines.at(-1)?.['leftOut']).toBeGreaterThan(7_000)
})
