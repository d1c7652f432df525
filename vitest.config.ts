import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*_test.ts"],
    // A limit for what hangs, not for what is slow on a busy machine.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    coverage: {
      include: ["mod.ts", "src/**", "backends/**", "wasm/*.ts"],
      // It runs under Node: see test/npm/.
      exclude: ["backends/node.ts"],
      reporter: ["text"],
      thresholds: { statements: 95, branches: 90, functions: 95, lines: 95 },
    },
  },
});
