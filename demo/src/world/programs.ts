import { fileURLToPath } from 'node:url'

/** The bundles that `npm run build` makes: what a user runs, and what runs here. */
export const PROGRAMS = {
  agent: fileURLToPath(new URL('../../../packages/stubdom-agent/dist/stubdom-agent.mjs', import.meta.url)),
  stubdomctl: fileURLToPath(new URL('../../../packages/dom0-agent/dist/stubdomctl.mjs', import.meta.url)),
} as const
