import { expect, test } from 'vitest'
import { Output } from './output.ts'

function collecting() {
  const lines: string[] = []
  const clock = { ms: 0 }
  const output = new Output(
    line => lines.push(line),
    () => clock.ms,
  )
  return { lines, clock, output, write: (text: string) => output.push(Buffer.from(text)) }
}

test('lines are put together whatever the pieces', () => {
  const { lines, output, write } = collecting()
  write('fir')
  write('st\nsecond\r\n\nth')
  output.push(Buffer.from([0xc3]))
  output.push(Buffer.from([0xa4]))
  expect(lines).toEqual(['first', 'second'])
  output.end()
  expect(lines).toEqual(['first', 'second', 'thä'])
})

test('control characters and what is too long never get out', () => {
  const { lines, write } = collecting()
  write(`\x1b[31mred\x07\n${'x'.repeat(100_000)}\n`)
  expect(lines[0]).toBe('?[31mred?')
  expect(lines[1]).toHaveLength(500)
})

test('a flood is cut off, counted, and let through again slowly', () => {
  const { lines, clock, write } = collecting()
  for (let i = 0; i < 10_000; i++) write(`${'y'.repeat(99)}\n`)
  expect(lines).toHaveLength(Math.floor(65_536 / 99))
  clock.ms += 1_000
  write('again\n')
  expect(lines.slice(-2)).toEqual([`… ${10_000 - Math.floor(65_536 / 99)} lines left out`, 'again'])
})

test('the last lines are remembered although they are left out, as many as a message holds', () => {
  const { output, write } = collecting()
  for (let i = 0; i < 10_000; i++) write(`line ${i} ${'z'.repeat(90)}\n`)
  expect(output.lastWords()).toMatch(/^line 9997 z+ \| line 9998 z+ \| line 9999 z+$/)
  write(`${'w'.repeat(1_000)}\n`)
  expect(output.lastWords()).toHaveLength(360)
  expect(collecting().output.lastWords()).toBe('')
})
