import { join } from 'node:path'
import { build } from 'esbuild'
import { bundleOptions } from './bundle-options.mjs'
import { root } from './root.mjs'

/** Puts the module that ends processes where the programs name their steps, which ships as a function that does nothing. */
const endingSteps = {
  name: 'ending-steps',
  setup(bundle) {
    bundle.onResolve({ filter: /\/steps\.ts$/ }, () => ({ path: join(root, 'test/crash/programs/steps.ts') }))
  },
}

/** Bundles both programs with steps at which they can be ended. @param outdir absolute */
export async function bundleCrashPrograms(outdir) {
  await build({
    entryPoints: {
      'stubdom-agent': join(root, 'packages/stubdom-agent/src/main.ts'),
      stubdomctl: join(root, 'packages/dom0-agent/src/cli/main.ts'),
    },
    outdir,
    outExtension: { '.js': '.mjs' },
    ...bundleOptions,
    plugins: [endingSteps],
  })
  return { agent: join(outdir, 'stubdom-agent.mjs'), stubdomctl: join(outdir, 'stubdomctl.mjs') }
}
