import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/*_test.ts"],
    coverage: {
      include: ["mod.ts", "src/**", "backends/**", "wasm/*.ts"],
      reporter: ["text"],
      thresholds: { statements: 95, branches: 90, functions: 95, lines: 95 },
    },
  },
});
