import type { Random } from '../../support/random.ts'

/** JSON as it is written: keys may come twice, and an atom may be any text, JSON or not. */
export type Tree =
  | { readonly atom: string }
  | { readonly list: readonly Tree[] }
  | { readonly members: readonly (readonly [key: string, item: Tree])[] }

/** Undefined for what is no JSON. */
export function readTree(text: string): Tree | undefined {
  try {
    return treeOf(JSON.parse(text))
  } catch {
    return undefined
  }
}

function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return { list: value.map(treeOf) }
  if (typeof value !== 'object' || value === null) return { atom: JSON.stringify(value) }
  return { members: Object.entries(value).map(([key, item]) => [key, treeOf(item)]) }
}

/** With `random`: with blanks, and with escapes where none are needed. Without: as compact as can be, in ASCII. */
export function writeTree(tree: Tree, random?: Random): string {
  if ('atom' in tree) return blank(random) + escaped(tree.atom, random)
  let text = ''
  if ('list' in tree) {
    for (const item of tree.list) text += (text && ',') + writeTree(item, random)
    return `${blank(random)}[${text}${blank(random)}]`
  }
  for (const [key, item] of tree.members) {
    const name = escaped(JSON.stringify(key), random)
    text += `${text && ','}${blank(random)}${name}${blank(random)}:${writeTree(item, random)}`
  }
  return `${blank(random)}{${text}${blank(random)}}`
}

function blank(random: Random | undefined): string {
  return random?.oneIn(6) ? ' ' : ''
}

function escaped(text: string, random: Random | undefined): string {
  const ascii = text.replace(/[^\x20-\x7e]/g, unicodeEscape)
  if (!random || !ascii.startsWith('"')) return ascii
  return ascii.replace(/[a-z]/g, letter => (random.oneIn(30) ? unicodeEscape(letter) : letter))
}

function unicodeEscape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}
