/** Who may import whom: see the rules in test/support/imports/rules.ts. */
import { beforeAll, describe, expect, test } from "vitest";
import { circles } from "../support/imports/circles.ts";
import { type ImportGraph, importGraph, sources, textOf } from "../support/imports/graph.ts";
import { brokenRules, strayModules, usesOfDeno } from "../support/imports/rules.ts";

describe("in this repository", () => {
  let paths: string[];
  let graph: ImportGraph;
  beforeAll(async () => {
    paths = await sources();
    graph = await importGraph(paths);
  });

  test("the graph has all kinds of imports", () => {
    expect(graph.get("backends/deno.ts")).toContain("backends/linux/poller.ts"); // values
    expect(graph.get("backends/linux/grants.ts")).toContain("backends/linux/libc.ts"); // types only
    expect(graph.get("mod.ts")).toContain("src/contract/backend.ts"); // exported from
    expect(graph.get("wasm/assembly/core.ts")).toContain("wasm/assembly/file.ts"); // without an extension
    expect(graph.get("backends/linux/node_waiting.ts")).toContain("node:process");
    expect(graph.get("backends/node.ts")).toContain("koffi"); // by `require`
  });

  test("every import is allowed", () => {
    expect(brokenRules(graph)).toEqual([]);
  });

  test("there are no circles of imports", () => {
    expect(circles(graph)).toEqual([]);
  });

  test("every module is in a place that has a rule", () => {
    expect(strayModules(paths)).toEqual([]);
  });

  test("only backends/deno.ts uses Deno", async () => {
    const texts = await Promise.all(paths.map(async (path): Promise<[string, string]> => [path, await textOf(path)]));
    expect(usesOfDeno(new Map(texts))).toEqual([]);
  });
});

const OF_EXAMPLES =
  "mod.ts, the mod.ts of src/metrics/, src/pictures/, src/pv/, src/vchan/ and src/xenstore/, the public faces " +
  "of backends, their own folder and Node's modules; those of examples/metrics/ the libraries that they are about";

describe("brokenRules()", () => {
  test.each([
    ["mod.ts", "backends/mock.ts", "src/"],
    ["src/contract/errors.ts", "src/shared/memory.ts", "src/contract/"],
    ["src/shared/memory.ts", "src/grants/device.ts", "src/contract/ and src/shared/"],
    ["src/grants/device.ts", "src/maps/mapper.ts", "src/contract/, src/shared/, wasm/core.ts and src/grants/"],
    ["src/grants/device.ts", "backends/mock.ts", "src/contract/, src/shared/, wasm/core.ts and src/grants/"],
    ["src/maps/mapper.ts", "wasm/core.ts", "src/contract/, src/shared/ and src/maps/"],
    ["src/events/event_pump.ts", "src/maps/mapper.ts", "src/contract/, src/shared/ and src/events/"],
    ["backends/mock.ts", "backends/linux/errors.ts", "src/contract/ and their own folder"],
    ["backends/mock/domain.ts", "backends/mock.ts", "src/contract/ and their own folder"],
    ["backends/deno.ts", "backends/node.ts", "src/contract/ and their own folder"],
    ["backends/deno.ts", "src/grants/device.ts", "src/contract/ and their own folder"],
    ["backends/record/grants.ts", "backends/faults/grants.ts", "src/contract/ and their own folder"],
    ["backends/mock/domain.ts", "backends/intercept/call.ts", "src/contract/ and their own folder"],
    ["wasm/assembly/leaf.ts", "wasm/core.ts", "wasm/assembly/"],
    [
      "src/contract/checks.ts",
      "node:util",
      "src/contract/",
      "neither Node's modules nor packages, except backends/node.ts and backends/linux/node_waiting.ts",
    ],
    [
      "backends/node.ts",
      "backends/mock/kernel.ts",
      "src/contract/ and their own folder",
    ],
    [
      "src/contract/checks.ts",
      "@std/assert",
      "src/contract/",
      "neither Node's modules nor packages, except backends/node.ts and backends/linux/node_waiting.ts",
    ],
    ["bench/run.ts", "test/support/ensure.ts", "nothing of test/ but test/rig/ and test/store_differential/"],
    [
      "test/conformance/grants/setup.ts",
      "test/support/ensure.ts",
      "mod.ts, the mod.ts of src/xenstore/ and src/vchan/, src/contract/ and test/conformance/, as the suites are published",
    ],
    ["test/linux/grants_test.ts", "bench/run.ts", "nothing of bench/, except test/rig/ and test/tools/"],
    ["test/support/ensure.ts", "test/npm/run.ts", "nothing of the folders of test/ that it supports"],
    ["scripts/release.ts", "bench/run.ts", "nothing of bench/"],
    [
      "examples/share.ts",
      "src/grants/device.ts",
      OF_EXAMPLES,
    ],
    [
      "examples/share.ts",
      "examples/ring/layout.ts",
      OF_EXAMPLES,
    ],
    [
      "cli/main.ts",
      "src/grants/device.ts",
      "what the library publishes, their own folder, Node's modules and commander, as it is a package of its own",
    ],
    [
      "site/src/play/main.ts",
      "src/grants/device.ts",
      "what the library publishes, site/src/, examples/block/ and packages, as they run in browsers",
      "what the library publishes, their own folder, scripts/, examples/block/, Node's modules and packages",
    ],
    [
      "site/src/runner/main.ts",
      "node:fs",
      "what the library publishes, site/src/, examples/block/ and packages, as they run in browsers",
    ],
    [
      "site/build.ts",
      "test/npm/run.ts",
      "what the library publishes, their own folder, scripts/, examples/block/, Node's modules and packages",
    ],
    ["examples/share.ts", "npm:/prom-client@15.1.3", OF_EXAMPLES],
  ])("names the import when %s imports %s", (from, target, ...mays) => {
    const broken = brokenRules(new Map([[from, [target]], [target, []]]));
    expect(broken).toEqual(mays.map((may) => `${from} imports ${target}: modules here may import ${may}`));
  });

  test("allows what the layout needs", () => {
    const graph = new Map([
      ["mod.ts", ["src/grants/device.ts"]],
      ["src/grants/device.ts", ["src/contract/backend.ts", "src/shared/memory.ts", "wasm/core.ts"]],
      ["backends/deno.ts", ["src/contract/backend.ts", "backends/linux/domain.ts"]],
      ["backends/node.ts", ["node:process", "koffi", "backends/linux/node_waiting.ts"]],
      ["backends/record.ts", ["backends/record/replay.ts", "backends/intercept/call.ts"]],
      ["backends/faults/faults.ts", ["backends/intercept/call.ts", "backends/faults/rules.ts"]],
      ["bench/device/run_xen.ts", ["test/rig/boot.ts", "scripts/exec.ts"]],
      ["test/rig/run.ts", ["bench/device/build.ts"]],
      ["test/tools/bench_test.ts", ["bench/run.ts"]],
      ["examples/ring.ts", ["mod.ts", "backends/deno.ts", "examples/ring/layout.ts", "node:util"]],
    ]);
    expect(brokenRules(graph)).toEqual([]);
  });
});

describe("circles()", () => {
  test("names each circle once", () => {
    const graph = new Map([
      ["a.ts", ["b.ts", "node:fs"]],
      ["b.ts", ["c.ts"]],
      ["c.ts", ["b.ts", "d.ts"]],
      ["d.ts", ["a.ts"]],
      ["e.ts", ["a.ts"]],
      ["f.ts", ["f.ts"]],
    ]);
    expect(circles(graph)).toEqual(["a.ts → b.ts → c.ts → d.ts → a.ts", "b.ts → c.ts → b.ts", "f.ts → f.ts"]);
  });

  test("finds none when there is none", () => {
    expect(circles(new Map([["a.ts", ["b.ts", "c.ts"]], ["b.ts", ["c.ts"]], ["c.ts", []]]))).toEqual([]);
  });
});

test("strayModules() names modules in places without a rule", () => {
  const stray = ["backends/errors.ts", "src/other/store.ts", "src/top.ts", "web/main.ts", "main.ts"];
  const known = [
    "mod.ts",
    "backends/mock.ts",
    "backends/mock/domain.ts",
    "src/grants/device.ts",
    "cli/main.ts",
    "test/rig/run.ts",
  ];
  expect(strayModules([...known, ...stray])).toEqual(
    stray.map((path) => `${path} is in a place without a rule: see test/support/imports/rules.ts`),
  );
});

test("usesOfDeno() names modules that use it, and ignores comments", () => {
  const texts = new Map([
    ["backends/deno.ts", "Deno.dlopen(name, SYMBOLS);"],
    ["backends/mock.ts", "/** Runs under Deno,\n * and Node. */\nconst url = 'https://deno.com'; // Deno, too"],
    ["src/grants/device.ts", "const args = globalThis.Deno?.args;"],
    ["scripts/exec.ts", "Deno.exit();"],
    ["cli/src/host.ts", "Deno.exit();"],
    ["src/maps/mapper.ts", 'const a = " //"; Deno.exit(); const b = "/*"; const c = "*/";'],
    ["src/events/event_pump.ts", "const url = `${Deno.cwd()}/x`;"],
  ]);
  expect(usesOfDeno(texts)).toEqual(
    ["src/grants/device.ts", "cli/src/host.ts", "src/maps/mapper.ts", "src/events/event_pump.ts"].map(
      (path) => `${path} uses Deno: only backends/deno.ts may`,
    ),
  );
});
