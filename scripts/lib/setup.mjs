import { installPrograms } from './debian.mjs'
import { installDependencies } from './dependencies.mjs'
import { checkNodeVersion } from './node-version.mjs'

/**
 * Everything that a script needs before it can begin.
 * @param {{ programs?: string[], wanted?: string[] }} needs
 *   `programs`: without them the script cannot do its work and ends. `wanted`: without them it does less, and with CI=true it ends.
 */
export async function setUp({ programs = [], wanted = [] } = {}) {
  checkNodeVersion()
  await installDependencies()
  if (!(await installPrograms(programs))) process.exit(1)
  if (!(await installPrograms(wanted)) && process.env.CI === 'true') process.exit(1)
}
