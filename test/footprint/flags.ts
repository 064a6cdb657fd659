import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The stubdomain's init, which starts the agent. */
const INIT = fileURLToPath(new URL('../../packages/stubdom-agent/init/init', import.meta.url))

/** How a Node is started. */
export interface NodeSettings {
  readonly flags: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

/** How init starts the agent's: the script is asked, so that what is measured is what ships. */
export function shippedSettings(): NodeSettings {
  const init = readFileSync(INIT, 'utf8')
  const command = /-- node (.*)\/usr\/lib\/stubdom-agent\.mjs/.exec(init)
  const found = init.matchAll(/^export (NODE_OPTIONS|UV_THREADPOOL_SIZE)='?([^'\n]*)'?$/gm)
  const environment = Object.fromEntries([...found].map(([, name = '', value = '']) => [name, value]))
  if (!command || environment['NODE_OPTIONS'] === undefined)
    throw new Error(`${INIT} does not start the agent as expected`)
  return { flags: (command[1] ?? '').split(' ').filter(Boolean), environment }
}
