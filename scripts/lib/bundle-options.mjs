import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { root } from './root.mjs'

/** rxjs' own file, past pnpm's link: what it depends on lies beside it. */
const rxjs = createRequire(import.meta.url).resolve('rxjs/package.json')

/** How esbuild makes one file of a program and everything it uses, straight from the packages' sources. */
export const bundleOptions = {
  bundle: true,
  platform: /** @type {const} */ ('node'),
  format: /** @type {const} */ ('esm'),
  target: 'node20.19',
  conditions: ['@stubdom/source'],
  alias: {
    // esbuild would take CommonJS builds for platform node, and could drop nothing of them: 147 KB instead of 17, 12 instead of 2.
    rxjs: join(dirname(rxjs), 'dist/esm/index.js'),
    tslib: createRequire(rxjs).resolve('tslib/tslib.es6.mjs'),
    'thread-stream': join(root, 'scripts/lib/no-thread-stream.cjs'),
  },
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
