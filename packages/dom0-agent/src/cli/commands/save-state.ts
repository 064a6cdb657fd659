import type { Command } from 'commander'
import type { Act } from '../program.ts'
import { addStateChannelFlags, STATE_CHANNELS_HELP, type StateChannelFlags, stateSettings } from './state-channel.ts'

interface SaveFlags extends StateChannelFlags {
  readonly continue?: boolean
}

export function registerSaveState(program: Command, act: Act): void {
  addStateChannelFlags(program.command('save-state <domain> <file>'), 1)
    .description('save the device model’s state, without any RAM')
    .option('-c, --continue', 'let the device model go on afterwards')
    .addHelpText(
      'after',
      `
This saves the device-model state only, no RAM (xl save saves a guest): do not destroy a guest after it.
<file> is replaced when everything has arrived and its SHA-256 is right, and is not touched otherwise. When it fails, a
device model that was running goes on.
${STATE_CHANNELS_HELP}`,
    )
    .action(
      act(async (context, domain: string, file: string, options: SaveFlags) => {
        const stubdomain = await context.stubdomain(domain, stateSettings(context, options))
        const args = { file, resume: options.continue === true, channel: options.channel, console: options.console }
        const command = stubdomain.saveState(args, context.commandOptions)
        const result = await context.run(command)
        const { bytes, runState, channel } = result
        return {
          json: { id: command.id, file, result },
          text: `the device-model state of ${stubdomain.name} (${bytes} bytes, no RAM) came by ${channel} and is in ${file}; the device model is ${runState}`,
        }
      }),
    )
}
