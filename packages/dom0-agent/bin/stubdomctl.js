#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../dist/stubdomctl.mjs', import.meta.url))
if (existsSync(program)) await import(program)
else {
  console.error(
    `stubdomctl: it is not built: there is no ${program}\n  run npm start, or npm run build, in the clone's root`,
  )
  process.exitCode = 1
}
