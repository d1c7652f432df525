/** Tests what the build does after `deno pack`, on small examples. */

import assert from "node:assert/strict";
import { completed, faultsOf, type Manifest } from "../../scripts/npm/manifest.ts";
import { withPortableMap } from "../../scripts/npm/source_map.ts";
import { readTar, writeTar } from "../../scripts/npm/tar.ts";
import { type Outcome, outcomeOf } from "./programs/tests.ts";

const packed: Manifest = {
  name: "@scope/name",
  version: "1.2.3",
  type: "module",
  license: "MIT",
  main: "./mod.js",
  types: "./mod.d.ts",
  exports: { ".": { types: "./mod.d.ts", import: "./mod.js", default: "./mod.js" } },
};
const paths = ["package.json", "README.md", "CHANGELOG.md", "LICENSE", "mod.js", "mod.d.ts", "wasm/core.wasm"];

/** Runs the tests. */
export function testPostStep(): Promise<Outcome> {
  return outcomeOf((test) => {
    test("completed() keeps what deno pack wrote, and adds what npm reads", () => {
      const manifest = completed(packed);
      for (const field of ["name", "version", "type", "license", "main", "types"]) {
        assert.equal(manifest[field], packed[field]);
      }
      assert.deepEqual(manifest.exports["."], packed.exports["."]);
      assert.deepEqual(manifest["engines"], { node: ">=22" });
      assert.equal(manifest["sideEffects"], false);
      assert.deepEqual(Object.keys(manifest["peerDependencies"] as object), ["koffi"]);
      assert.deepEqual(manifest["peerDependenciesMeta"], { koffi: { optional: true } });
      assert(!("dependencies" in manifest || "optionalDependencies" in manifest || "scripts" in manifest));
    });

    test("faultsOf() finds nothing wrong with a complete package", () => {
      assert.deepEqual(faultsOf(completed(packed), new Set(paths)), []);
    });

    for (const missing of paths.slice(1)) {
      test(`faultsOf() reports that ${missing} is missing`, () => {
        const faults = faultsOf(completed(packed), new Set(paths.filter((path) => path !== missing)));
        assert(faults.length > 0 && faults.every((fault) => fault.includes(missing)), faults.join());
      });
    }

    for (const stray of ["mod.ts", ".env", "test/core_test.js", "wasm/core_debug.wasm", "node_modules/a/index.js"]) {
      test(`faultsOf() reports ${stray} as a stray file`, () => {
        assert(faultsOf(completed(packed), new Set([...paths, stray])).length > 0);
      });
    }

    test("faultsOf() reports a subpath without types", () => {
      const untyped = { ...packed, exports: { ".": { import: "./mod.js", default: "./mod.js" } } };
      assert.deepEqual(faultsOf(completed(untyped), new Set(paths)), [". has no types"]);
    });

    test("writeTar() sorts files, and readTar() returns their bytes", () => {
      const bytes = (length: number) => new Uint8Array(length).fill(length);
      const files = new Map([["b", bytes(513)], ["a/c", bytes(0)], ["a/b", bytes(512)]]);
      const archive = writeTar(files);
      assert.deepEqual(archive, writeTar(new Map([...files].reverse())));
      assert.deepEqual([...readTar(archive)], [["a/b", bytes(512)], ["a/c", bytes(0)], ["b", bytes(513)]]);
      assert.throws(() => writeTar(new Map([["a".repeat(101), bytes(1)]])), /at most 100 bytes/);
    });

    test("withPortableMap() removes folders from a map, and keeps a module without a map", () => {
      const encode = (map: unknown) => new TextEncoder().encode(JSON.stringify(map)).toBase64();
      const module = (map: unknown) => `f();\n//# sourceMappingURL=data:application/json;base64,${encode(map)}`;
      const map = { version: 3, sources: ["file:///home/somebody/mod.ts"], sourcesContent: ["f();"], mappings: "AAAA" };
      assert.equal(withPortableMap(module(map)), module({ ...map, sources: ["mod.ts"] }));
      assert.equal(withPortableMap("f();\n"), "f();\n");
    });
  });
}
