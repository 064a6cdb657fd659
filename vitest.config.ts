import { defineConfig } from 'vitest/config'

// Tests import the packages' sources; only what they start as a process of its own is bundled first (test/support/build.ts).
export default defineConfig({
  resolve: { conditions: ['@stubdom/source'] },
  ssr: { resolve: { conditions: ['@stubdom/source'] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'demo/src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
  },
})
