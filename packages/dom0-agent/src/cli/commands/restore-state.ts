import { printable } from '@stubdom/protocol'
import type { Command } from 'commander'
import type { Act } from '../program.ts'
import { addStateChannelFlags, STATE_CHANNELS_HELP, type StateChannelFlags, stateSettings } from './state-channel.ts'

export function registerRestoreState(program: Command, act: Act): void {
  addStateChannelFlags(program.command('restore-state <domain> <file>'), 2)
    .description('give a saved state to a device model that waits for it')
    .addHelpText(
      'after',
      `
The device model must have been started with -incoming defer, and with the devices that it had when it was saved. It is given
nothing before the whole state has arrived with the right SHA-256. The state holds no RAM: a guest's RAM is Xen's to restore
(xl restore restores a guest).
${STATE_CHANNELS_HELP}`,
    )
    .action(
      act(async (context, domain: string, file: string, options: StateChannelFlags) => {
        const stubdomain = await context.stubdomain(domain, stateSettings(context, options))
        const { channel, console } = options
        const command = stubdomain.restoreState({ file, channel, console }, context.commandOptions)
        const result = await context.run(command)
        return {
          json: { id: command.id, file, result },
          text: `the device model of ${stubdomain.name} has loaded ${result.bytes} bytes of ${file}, which went by ${result.channel}, and is ${printable(result.runState)}`,
        }
      }),
    )
}
