import type { Random } from '../../support/random.ts'
import { type Tree, writeTree } from './tree.ts'

/** Values that break things, or nearly. */
const VALUES: readonly Tree[] = [
  ...[null, true, false, 0, -0, 1, -1, 2, 31, 32, 138, 139, 1_000, 1_001, 262_144, 262_145, 2 ** 53 - 1, 2 ** 53].map(
    atom,
  ),
  ...[8.64e15, 8.64e15 + 1, 0.5, 1.5, 5e-324, 1.7976931348623157e308].map(atom),
  ...['1e999', '-1e999', '1E+2', '00', '0x10', 'NaN', '1_000', '123456789012345678901234567890'].map(raw),
  ...['', 'done', 'running', 'accepted', 'failed', 'cancelled', 'toString', '__proto__', 'ping', 'file'].map(atom),
  ...['0mhx3ab0-00x7k2q', '0000:03:00.0', 'f'.repeat(16), 'f'.repeat(64), '0123456789abcdef', 'e1e1e1e1'].map(atom),
  ...['x'.repeat(64), 'x'.repeat(65), 'x'.repeat(512), 'x'.repeat(513), 'x'.repeat(1_900)].map(atom),
  ...[
    '\u0000',
    '\u001b[2J',
    '\u009b31m',
    '\u202e',
    '\u200b',
    '\ud800',
    '\udc00',
    '\u2028',
    '\ufeff',
    '\u{e0001}',
    '\ue000',
  ].map(atom),
  { list: [] },
  { members: [] },
  { list: [atom(1), atom(1)] },
  { list: [atom(2), atom(1)] },
  { list: [atom(1), atom(9)] },
]

const KEYS =
  'v state digest result error parts bytes sha256 epoch args deadlineMs cancel commands refused stage agent overdue progress reconciled code message outcome device event seq at target window more __proto__ constructor prototype toString'.split(
    ' ',
  )

function atom(value: unknown): Tree {
  return { atom: JSON.stringify(value) }
}

function raw(text: string): Tree {
  return { atom: text }
}

/** Places of a tree that are looked at; a tree that has as many counts as large. */
const NODES_MAX = 60

/** One change to a JSON text as a tree. `other` lends values. */
export function mutateJson(tree: Tree, other: Tree | undefined, random: Random): Tree {
  const nodes = nodesOf(tree)
  const victim = random.pick(nodes)
  // One change may multiply what there is; the next one may not multiply it again.
  if (nodes.length >= NODES_MAX) return replace(tree, victim, random.pick(VALUES))
  const changed = change(
    victim,
    () => (other && random.oneIn(3) ? random.pick(nodesOf(other)) : random.pick(VALUES)),
    random,
  )
  return replace(tree, victim, changed)
}

/** The text of a tree, once in a while with blanks and escapes that JSON allows. */
export function writeJson(tree: Tree, random: Random): string {
  return writeTree(tree, random.oneIn(8) ? random : undefined)
}

function change(node: Tree, value: () => Tree, random: Random): Tree {
  if (random.oneIn(25)) return nested(node, random)
  if ('atom' in node) return value()
  if ('list' in node) {
    const { list } = node
    const at = random.below(list.length + 1)
    switch (random.below(5)) {
      case 0:
        return value()
      case 1:
        return { list: list.toSpliced(at, 1) }
      case 2:
        return { list: list.toSpliced(at, random.below(2), value()) }
      case 3:
        return { list: Array.from({ length: random.between(2, 40) }, () => list).flat() }
      default:
        return { list: [...list, ...list.slice(0, 1)] }
    }
  }
  const { members } = node
  const at = random.below(members.length + 1)
  const key = random.oneIn(2) ? random.pick(KEYS) : (members[random.below(members.length)]?.[0] ?? 'v')
  switch (random.below(6)) {
    case 0:
      return value()
    case 1:
      return { members: members.toSpliced(at, 1) }
    case 2:
      // A key that may be there already.
      return { members: members.toSpliced(at, 0, [key, value()]) }
    case 3:
      return { members: members.map(([name, item], index) => (index === at ? [key, item] : [name, item])) }
    case 4:
      return { members: members.map(([name, item], index) => (index === at ? [name, value()] : [name, item])) }
    default:
      return { members: members.toReversed() }
  }
}

function nested(node: Tree, random: Random): Tree {
  let tree = node
  for (let depth = random.between(1, 20); depth > 0; depth--)
    tree = random.oneIn(2) ? { list: [tree] } : { members: [['a', tree]] }
  return tree
}

function nodesOf(tree: Tree): Tree[] {
  const nodes = [tree]
  for (let at = 0; at < nodes.length && nodes.length < NODES_MAX; at++) {
    const node = nodes[at] as Tree
    if ('list' in node) nodes.push(...node.list.slice(0, 40))
    else if ('members' in node) for (const [, item] of node.members) nodes.push(item)
  }
  return nodes
}

function replace(tree: Tree, victim: Tree, by: Tree): Tree {
  if (tree === victim) return by
  if ('list' in tree) return { list: tree.list.map(item => replace(item, victim, by)) }
  if ('members' in tree) return { members: tree.members.map(([key, item]) => [key, replace(item, victim, by)]) }
  return tree
}
