import { defineConfig } from "vitest/config";
import config from "./deno.json" with { type: "json" };

/** The entries of the library, by the names under which the command line imports them, as Deno's workspace has it. */
const entries = Object.entries(config.exports).map(([subpath, path]) => ({
  find: new RegExp(`^${config.name}${subpath.slice(1)}$`),
  replacement: new URL(path, import.meta.url).pathname,
}));

export default defineConfig({
  resolve: { alias: entries },
  test: {
    include: ["test/**/*_test.ts"],
    // Ends tests that hang, but not those that are slow on a busy machine.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // By default one processor stays free: of two, half.
    maxWorkers: "100%",
    coverage: {
      include: ["mod.ts", "src/**", "backends/**", "wasm/*.ts"],
      // Runs under Node only, in test/npm/.
      exclude: ["backends/node.ts"],
      reporter: ["text"],
      thresholds: { statements: 95, branches: 90, functions: 95, lines: 95 },
    },
  },
});
