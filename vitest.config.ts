import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { CountReporter } from './test/support/count-reporter.ts'

export default defineConfig({
  test: {
    // chDB crashes in worker threads: one process per test file (docs/decisions/0003-embedded-store.md).
    pool: 'forks',
    // Vitest leaves one processor free of two, and most tests wait for something.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/property-settings.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', new CountReporter()],
  },
})
