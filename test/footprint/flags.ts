import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The stubdomain's init, which starts the agent. */
const INIT = fileURLToPath(new URL('../../packages/stubdom-agent/init/init', import.meta.url))

/** What init gives Node in its environment: the script is asked, so that what is measured is what ships. */
export function shippedEnvironment(): Record<string, string> {
  const found = readFileSync(INIT, 'utf8').matchAll(/^export (NODE_OPTIONS|UV_THREADPOOL_SIZE)='?([^'\n]*)'?$/gm)
  const environment = Object.fromEntries([...found].map(([, name = '', value = '']) => [name, value]))
  if (environment['NODE_OPTIONS'] === undefined) throw new Error(`${INIT} exports no NODE_OPTIONS`)
  return environment
}
