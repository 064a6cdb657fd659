import { describe, expect, test } from 'vitest'
import { consoleMark, MarkFinder } from './console-mark.ts'

const ID = '0mhx3ab0-00x7k2q'
const bytes = (text: string) => Uint8Array.from(text, char => char.charCodeAt(0))
const text = (pieces: Uint8Array[]) => pieces.map(piece => String.fromCharCode(...piece)).join('')
const mark = text([consoleMark(ID)])

describe.each([1, 2, 7, 1_000])('in pieces of %d bytes', size => {
  const find = (stream: string) => {
    const finder = new MarkFinder(ID)
    const found: Uint8Array[] = []
    for (let at = 0; at < stream.length; at += size) found.push(finder.push(bytes(stream.slice(at, at + size))))
    return { finder, state: text(found) }
  }

  test.each([
    ['alone', `${mark}QEVM\n\0`, 'QEVM\n\0', 0],
    [
      'behind what another command left',
      `${text([consoleMark('0mhx3ab0-00zzzzz')])}old${mark}new`,
      'new',
      mark.length + 3,
    ],
    ['behind half of itself', `${mark.slice(0, 20)}${mark}state`, 'state', 20],
    ['within the state, where it is the state’s', `${mark}a${mark}b`, `a${mark}b`, 0],
  ])('the mark %s', (_name, stream, state, skipped) => {
    const { finder, state: found } = find(stream)
    expect([found, finder.found, finder.skipped]).toEqual([state, true, skipped])
  })

  test('no mark: nothing is a state, and what was passed over is counted', () => {
    const { finder, state } = find(`login: ${mark.slice(0, -1)}`)
    expect([state, finder.found, finder.skipped]).toEqual(['', false, 7 + mark.length - 1])
  })
})
