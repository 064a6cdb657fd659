import { type Command, Option } from 'commander'
import type { ChannelChoice } from '../../state/choice.ts'
import type { Context } from '../context.ts'

/** How a state is to go, as it is typed. */
export interface StateChannelFlags extends ChannelChoice {
  readonly saveDir?: string
}

/** @param console the stubdomain’s console by which a state goes */
export function addStateChannelFlags(command: Command, console: 1 | 2): Command {
  return command
    .addOption(
      new Option('--channel <channel>', 'the way that the state goes (default: auto)').choices([
        'auto',
        'file',
        'xenstore',
        'console',
      ]),
    )
    .option('--save-dir <directory>', 'of channel file: as the agent has it (default: STUBDOM_SAVE_DIR)')
    .option('--console <path>', `of channel console: dom0’s end of console ${console} (default: where libxl says)`)
}

export const STATE_CHANNELS_HELP = `
Channels: file, a directory that both sides have; xenstore, in the message itself (about 190 kB when compressed);
console, as libxl makes it for xl. auto takes the first of these that both sides have and the state fits.`

/** How the library is to be connected for them. */
export function stateSettings({ env }: Context, { saveDir }: StateChannelFlags): { saveDir: string | undefined } {
  return { saveDir: saveDir || env['STUBDOM_SAVE_DIR'] || undefined }
}
