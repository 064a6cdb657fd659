import type { Command } from 'commander'
import type { Act } from '../program.ts'

export function registerSaveState(program: Command, act: Act): void {
  program
    .command('save-state <domain> <file>')
    .description('save the device model’s state, without any RAM')
    .option('-c, --continue', 'let the device model go on afterwards')
    .option('--save-dir <directory>', 'through which states come: as the agent has it (default: STUBDOM_SAVE_DIR)')
    .addHelpText(
      'after',
      `
This saves the device-model state only, no RAM (xl save saves a guest): do not destroy a guest after it.
<file> is replaced when everything has arrived and its SHA-256 is right, and is not touched otherwise.`,
    )
    .action(
      act(async (context, domain: string, file: string, options: { continue?: boolean; saveDir?: string }) => {
        const saveDir = options.saveDir || context.env['STUBDOM_SAVE_DIR'] || undefined
        const stubdomain = await context.stubdomain(domain, { saveDir })
        const command = stubdomain.saveState({ file, resume: options.continue === true }, context.commandOptions)
        const result = await context.run(command)
        const { bytes, runState } = result
        return {
          json: { id: command.id, file, result },
          text: `the device-model state of ${stubdomain.name} (${bytes} bytes, no RAM) is in ${file}; the device model is ${runState}`,
        }
      }),
    )
}
