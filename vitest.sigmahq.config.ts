import { defineConfig } from 'vitest/config';

/** The suites that need the public Sigma repository (SIGMAHQ_DIR) or minutes rather than seconds. */
export default defineConfig({
  test: {
    globalSetup: 'test/support/compiled.ts',
    include: ['test/sigmahq/**/*.test.ts', 'test/slow/**/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 120_000,
  },
});
