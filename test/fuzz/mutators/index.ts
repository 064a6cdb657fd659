import type { Random } from '../../support/random.ts'
import type { Grammar } from '../target.ts'
import { mutateBytes } from './bytes.ts'
import { mutateJson, writeJson } from './json.ts'
import { readTree, type Tree } from './tree.ts'

const encoder = new TextEncoder()

/** An input made from another by some changes, most of which obey the grammar, so that they come past the first check. */
export function mutate(grammar: Grammar, input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  switch (grammar) {
    case 'json':
      return mutateJsonText(input, other, random)
    case 'lines':
      return mutateLines(input, other, random)
    case 'bytes':
      return repeatedly(random, input, bytes => mutateBytes(bytes, other, random))
  }
}

function mutateJsonText(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const tree = random.oneIn(6) ? undefined : treeOf(input)
  if (!tree) return repeatedly(random, input, bytes => mutateBytes(bytes, other, random))
  const lender = treeOf(other)
  return encoder.encode(
    writeJson(
      repeatedly<Tree>(random, tree, one => mutateJson(one, lender, random)),
      random,
    ),
  )
}

/** Whole lines come, go and change places, or one of them changes. A line may begin with a letter and a blank. */
function mutateLines(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  if (random.oneIn(6)) return repeatedly(random, input, bytes => mutateBytes(bytes, other, random))
  const lines = linesOf(input)
  const at = random.below(lines.length)
  const lent = random.pick(linesOf(other))
  switch (random.below(6)) {
    case 0:
      return joined(lines.toSpliced(at, 1))
    case 1:
      return joined(lines.toSpliced(at, 0, lent))
    case 2:
      return joined(lines.toSpliced(at, 0, ...lines.slice(random.below(lines.length)).slice(0, 8)))
    default:
      return joined(lines.with(at, mutateLine(lines[at] ?? '', lent, random)))
  }
}

function mutateLine(line: string, lent: string, random: Random): string {
  const [head] = /^[a-z] /.exec(line) ?? ['']
  const body = Buffer.from(line.slice(head.length), 'latin1')
  const other = Buffer.from(lent.replace(/^[a-z] /, ''), 'latin1')
  return head + Buffer.from(mutateJsonText(body, other, random)).toString('latin1')
}

function treeOf(bytes: Uint8Array): Tree | undefined {
  return readTree(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'))
}

function linesOf(bytes: Uint8Array): string[] {
  return Buffer.from(bytes).toString('latin1').split('\n')
}

function joined(lines: readonly string[]): Uint8Array {
  return Buffer.from(lines.join('\n'), 'latin1')
}

function repeatedly<T>(random: Random, value: T, change: (value: T) => T): T {
  let changed = change(value)
  while (random.oneIn(2)) changed = change(changed)
  return changed
}
