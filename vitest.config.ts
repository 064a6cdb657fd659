import { defineConfig } from 'vitest/config'

// Tests import the packages' sources; only what they start as a process of its own is bundled first (test/support/build.ts).
export default defineConfig({
  resolve: { conditions: ['@stubdom/source'] },
  ssr: { resolve: { conditions: ['@stubdom/source'] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'demo/src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    // Bounds for what hangs, not expectations: a busy machine is no fault of the code.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    pool: 'forks',
  },
})
