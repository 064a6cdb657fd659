import { consoleMark, MarkFinder } from '@stubdom/protocol'
import { pieces } from '../splits.ts'
import { promise, type Target } from '../target.ts'

const ID = '0mhx3ab0-00x7k2q'
const mark = Buffer.from(consoleMark(ID))
const other = Buffer.from(consoleMark('0mhx3ab0-00zzzzz'))

/** What comes from a console, in pieces: a state begins behind its mark, and all before it is somebody else's. */
export const CONSOLE: Target = {
  name: 'console',
  summary: 'a state on a console, found by its mark',
  grammar: 'bytes',
  seeds: [
    Buffer.concat([mark, Buffer.from('QEVM\0state')]),
    Buffer.concat([other, Buffer.from('left'), mark.subarray(0, 20), mark, Buffer.from('state'), mark]),
    Buffer.concat([Buffer.from('\n\n\nlogin: '), mark.subarray(0, -1)]),
  ],
  maxBytes: 8_192,
  run(input) {
    const finder = new MarkFinder(ID)
    const found: Uint8Array[] = []
    for (const piece of pieces(input)) found.push(finder.push(piece).slice())
    const state = Buffer.concat(found)
    const at = Buffer.from(input).indexOf(mark)
    promise(finder.found === (at !== -1), 'whether there is a mark depends on the pieces')
    const own = at === -1 ? input.length : at
    promise(finder.skipped === own, `${finder.skipped} bytes were passed over, not ${own}`)
    promise(
      state.equals(input.subarray(at === -1 ? input.length : at + mark.length)),
      'the state is not what follows the mark',
    )
    return `${finder.found} ${Math.min(finder.skipped, 60)} ${Math.min(state.length, 20)}`
  },
}
