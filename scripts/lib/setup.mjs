import { installPrograms } from './debian.mjs'
import { installDependencies } from './dependencies.mjs'
import { checkNodeVersion } from './node-version.mjs'

/**
 * Everything that a script needs before it can begin.
 * @param {{ programs?: string[] }} needs programs without which the script cannot do its work: it ends when one is missing
 */
export async function setUp({ programs = [] } = {}) {
  checkNodeVersion()
  await installDependencies()
  if (!(await installPrograms(programs))) process.exit(1)
}
