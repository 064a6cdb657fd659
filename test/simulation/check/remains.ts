import { Op } from '@stubdom/xenstore'
import type { World } from '../world.ts'
import type { Violation } from './violation.ts'

/** What may stand in a control directory in which nothing goes on. */
const LASTING =
  /^(|dom0(|\/made|\/part|\/request(|\/[a-z-]+))|stubdom(|\/(hello|status|refused|part|response(|\/[a-z-]+)|event(|\/\d+))))$/

/** Nodes, watches and files that are left when all is quiet. */
export function checkRemains(world: World): Violation[] {
  const left: string[] = []
  for (const pair of world.pairs) {
    const stubdomain = world.stubdomains.findLast(one => one.pair === pair)
    const home = `/local/domain/${pair.stubdomain}`
    const control = `${home}/dm-control`
    if (stubdomain && !stubdomain.isAlive && isExcused(world, stubdomain.diedAt)) continue
    for (const path of below(world, home)) {
      const isControl = path === control || path.startsWith(`${control}/`)
      const isLasting = stubdomain?.isAlive && (!isControl || LASTING.test(path.slice(control.length + 1)))
      if (!isLasting) left.push(path)
    }
    if (stubdomain?.isAlive)
      for (const file of [...stubdomain.saved.states.keys(), ...stubdomain.saved.files.keys()])
        left.push(`the saved state ${file}`)
  }
  const { watches, transactions } = world.xenstored.counts().domains.get(0) ?? { watches: 0, transactions: 0 }
  if (watches > 0) left.push(`${watches} watches of dom0`)
  if (transactions > 0) left.push(`${transactions} transactions of dom0`)
  return left.map(what => ({ promise: 'nothing-left', text: `${what} is left`, ...idIn(what) }))
}

/** Milliseconds after a domain's end in which a process may have its nodes to remove. */
const CLEARING_UP_MS = 10_000

/** A process of dom0 that is killed after it has written there makes a dead domain's directory again, with nobody to remove it: see docs/limits.md. */
function isExcused({ standstills }: World, diedAt: number): boolean {
  return standstills.some(
    ({ process, from }) =>
      process?.name.startsWith('dom0') && !process.alive && from >= diedAt && from <= diedAt + CLEARING_UP_MS,
  )
}

function idIn(what: string): { id?: string } {
  const id = /[0-9a-z]{8}-[0-9a-z]{7}/.exec(what)?.[0]
  return id === undefined ? {} : { id }
}

function below({ xenstored }: World, top: string): string[] {
  const reply = xenstored.request(Op.DIRECTORY, `${top}\0`)
  if (reply.type === Op.ERROR) return []
  const names = reply.payload.toString('latin1').split('\0').filter(Boolean)
  return [top, ...names.flatMap(name => below({ xenstored } as World, `${top}/${name}`))]
}
