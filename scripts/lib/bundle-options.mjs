import { join } from 'node:path'
import { root } from './root.mjs'

/** How esbuild makes one file of a program and everything it uses, straight from the packages' sources. */
export const bundleOptions = {
  bundle: true,
  platform: /** @type {const} */ ('node'),
  format: /** @type {const} */ ('esm'),
  target: 'node20.19',
  conditions: ['@stubdom/source'],
  // esbuild would take rxjs' CommonJS build for platform node: 147 KB instead of 17.
  alias: { rxjs: join(root, 'node_modules/rxjs/dist/esm/index.js') },
  // CommonJS dependencies (pino) call require for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: /** @type {const} */ ('warning'),
}

/** Of the bundles that ship. */
export const shippedOptions = {
  ...bundleOptions,
  // They are installed as programs.
  banner: { js: `#!/usr/bin/env node\n${bundleOptions.banner.js}` },
  minify: true,
  // Error classes are named in logs.
  keepNames: true,
  legalComments: /** @type {const} */ ('eof'),
}
