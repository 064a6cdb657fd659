#!/usr/bin/env node
// Starts the bundle that `npm run build` makes; a stubdomain needs that one file and nothing else.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const bundle = new URL('../dist/stubdom-agent.mjs', import.meta.url)
if (existsSync(fileURLToPath(bundle))) await import(bundle.href)
else {
  process.stderr.write('stubdom-agent: it is not built yet; run: npm run build\n')
  process.exitCode = 1
}
