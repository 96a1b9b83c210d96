import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: 'test/support/compiled.ts',
    include: ['test/**/*.test.ts'],
    exclude: ['test/sigmahq/**', 'test/slow/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
