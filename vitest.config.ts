import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*_test.ts"],
    // Ends tests that hang, but not those that are slow on a busy machine.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    coverage: {
      include: ["mod.ts", "src/**", "backends/**", "wasm/*.ts"],
      // Runs under Node only, in test/npm/.
      exclude: ["backends/node.ts"],
      reporter: ["text"],
      thresholds: { statements: 95, branches: 90, functions: 95, lines: 95 },
    },
  },
});
