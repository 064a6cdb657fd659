import type { StateChannelName } from '@stubdom/protocol'
import { UsageError } from '../errors.ts'
import type { SaveChannel } from '../save/channel.ts'
import type { SaveTarget } from '../save/target.ts'

/** By which way a state is to go. */
export interface ChannelChoice {
  /** `auto`, the default: what both sides have and the state fits. */
  readonly channel?: StateChannelName | 'auto' | undefined
  /** dom0’s end of the stubdomain’s console; without it, where libxl says. Naming one chooses that channel. */
  readonly console?: string | undefined
}

/** How states come and where they go, for whoever has neither channels nor files. */
export interface Saving {
  readonly channel: SaveChannel
  /** Checks that the state can be put there. @throws SaveTargetError */
  target(file: string): Promise<Pick<SaveTarget, 'store'>>
}

/** What this dom0 has for states of one stubdomain. */
export interface StateWays {
  readonly saveDir: string | undefined
  /** Instead of all others, for saving. */
  readonly saving?: Saving | undefined
  /** Rejects with a UsageError when libxl made no such console. */
  consolePath(console: 1 | 2): Promise<string>
}

/** How each channel is made from what it needs. */
export interface ChannelMakers<C> {
  file(directory: string): C
  xenstore(): C
  console(path: string): C
}

/**
 * The channels to use, the best one first: a directory was configured for it, Xenstore needs nothing, a console needs a backend in dom0 that works.
 * @throws UsageError when the one that was chosen cannot be had
 */
export async function chosenChannels<C>(
  { channel, console }: ChannelChoice,
  { saveDir, consolePath }: StateWays,
  number: 1 | 2,
  make: ChannelMakers<C>,
): Promise<C[]> {
  const path = async (): Promise<string> => console ?? (await consolePath(number))
  switch (channel ?? (console === undefined ? 'auto' : 'console')) {
    case 'file':
      if (saveDir !== undefined) return [make.file(saveDir)]
      throw new UsageError('no directory is configured through which states go', {
        remedy: 'name it with --save-dir or STUBDOM_SAVE_DIR, the same as the agent has',
      })
    case 'xenstore':
      return [make.xenstore()]
    case 'console':
      return [make.console(await path())]
    default: {
      const found = await path().catch(notThere)
      return [
        ...(saveDir === undefined ? [] : [make.file(saveDir)]),
        make.xenstore(),
        ...(found === undefined ? [] : [make.console(found)]),
      ]
    }
  }
}

function notThere(error: unknown): undefined {
  if (!(error instanceof UsageError)) throw error
  return undefined
}
