import { type Finding, problemOf, SLOW } from './fuzzer.ts'
import { readTree, type Tree, writeTree } from './mutators/tree.ts'
import type { Target } from './target.ts'

/** Milliseconds and runs that are spent on making one input smaller, at most. */
const MS_MAX = 10_000
const RUNS_MAX = 20_000

/** A shorter input with the same kind of problem: what can be left out is, larger pieces first. One that is slow stays as it is: each try would take as long. */
export async function minimise(target: Target, finding: Finding): Promise<Finding> {
  if (finding.problem === SLOW) return finding
  const attempt = new Attempt(target, finding)
  if (target.grammar === 'json') await attempt.byTree()
  await attempt.byPieces()
  return attempt.best
}

class Attempt {
  best: Finding
  readonly #target: Target
  readonly #kind: string
  readonly #until = performance.now() + MS_MAX
  #runs = 0

  constructor(target: Target, finding: Finding) {
    this.#target = target
    this.#kind = kindOf(finding.problem)
    this.best = finding
  }

  /** Leaves out members and items, puts what is inside in the place of what it is in, cuts texts. */
  async byTree(): Promise<void> {
    for (let smaller = true; smaller && !this.#isSpent; ) {
      smaller = false
      const tree = readTree(Buffer.from(this.best.input).toString('latin1'))
      for (const candidate of tree ? simplerTrees(tree) : []) {
        if (!(await this.#take(Buffer.from(writeTree(candidate))))) continue
        smaller = true
        break
      }
    }
  }

  async byPieces(): Promise<void> {
    for (let size = Math.ceil(this.best.input.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let at = 0; at < this.best.input.length && !this.#isSpent; ) {
        const { input } = this.best
        const shorter = Buffer.concat([input.subarray(0, at), input.subarray(at + size)])
        if (!(await this.#take(shorter))) at += size
      }
    }
  }

  get #isSpent(): boolean {
    return this.#runs >= RUNS_MAX || performance.now() >= this.#until
  }

  async #take(input: Uint8Array): Promise<boolean> {
    if (input.length >= this.best.input.length || this.#isSpent) return false
    this.#runs++
    const problem = await problemWith(this.#target, input)
    if (problem === undefined || kindOf(problem) !== this.#kind) return false
    this.best = { input, problem }
    return true
  }
}

/** What is wrong with how one input ends; undefined: nothing. */
export async function problemWith(target: Target, input: Uint8Array): Promise<string | undefined> {
  try {
    await target.run(input)
    return undefined
  } catch (error) {
    return problemOf(error)
  }
}

/** Problems of one kind differ in quoted texts and numbers only. */
export function kindOf(problem: string): string {
  return problem.replace(/"[^]*"|\d+/g, '#').slice(0, 60)
}

/** Trees with one thing less, the largest first. */
function* simplerTrees(tree: Tree): Generator<Tree, void, undefined> {
  const children = childrenOf(tree)
  yield* children
  if ('members' in tree && children.length > 0) yield { list: children }
  for (const index of children.keys()) yield without(tree, index)
  for (const [index, child] of children.entries())
    for (const simpler of simplerTrees(child)) yield withChild(tree, index, simpler)
  if ('atom' in tree && tree.atom.length > 3 && tree.atom.startsWith('"')) {
    yield { atom: '""' }
    yield { atom: JSON.stringify((JSON.parse(tree.atom) as string).slice(0, -1)) }
    yield { atom: JSON.stringify((JSON.parse(tree.atom) as string).slice(1)) }
  }
}

function childrenOf(tree: Tree): readonly Tree[] {
  if ('list' in tree) return tree.list
  return 'members' in tree ? tree.members.map(([, item]) => item) : []
}

function without(tree: Tree, index: number): Tree {
  if ('list' in tree) return { list: tree.list.toSpliced(index, 1) }
  return 'members' in tree ? { members: tree.members.toSpliced(index, 1) } : tree
}

function withChild(tree: Tree, index: number, child: Tree): Tree {
  if ('list' in tree) return { list: tree.list.with(index, child) }
  if (!('members' in tree)) return tree
  return { members: tree.members.map(([key, item], at) => [key, at === index ? child : item]) }
}
