import type { Target } from '../target.ts'
import { CALL } from './call.ts'
import { CONSOLE } from './console.ts'
import { DECODERS } from './decoders.ts'
import { PARTS } from './parts.ts'
import { QMP } from './qmp.ts'
import { XENSTORE } from './xenstore.ts'

/** Everything in dom0 that reads what the stubdomain wrote. */
const DOM0: readonly Target[] = [...DECODERS, PARTS, CALL, CONSOLE]

export const TARGETS: readonly Target[] = [...DOM0, ...XENSTORE, QMP]

/** Names that stand for several. */
const GROUPS: Readonly<Record<string, readonly Target[]>> = { all: TARGETS, dom0: DOM0, xenstore: XENSTORE }

export const TARGET_NAMES: readonly string[] = [...Object.keys(GROUPS), ...TARGETS.map(({ name }) => name)]

/** Undefined for a name that nothing has. */
export function targetsNamed(name: string): readonly Target[] | undefined {
  if (Object.hasOwn(GROUPS, name)) return GROUPS[name]
  const target = TARGETS.find(one => one.name === name)
  return target && [target]
}
