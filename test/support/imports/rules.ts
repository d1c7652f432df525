/**
 * The rules of this repository's imports: who may import whom.
 *
 * @module
 */

import config from "../../../deno.json" with { type: "json" };
import type { ImportGraph } from "./graph.ts";

/** What the modules of a part of the repository may import. */
interface Rule {
  /** The modules that it is for. */
  readonly of: RegExp;
  /** What they may import, in words. */
  readonly may: string;
  /** Whether a module may import another one. */
  allows(target: string, from: string): boolean;
}

/** The public faces of the backends, and the folder of each. */
const FACES: Readonly<Record<string, string>> = {
  "backends/mock.ts": "backends/mock/",
  "backends/deno.ts": "backends/linux/",
  "backends/node.ts": "backends/linux/",
  "backends/record.ts": "backends/record/",
  "backends/faults.ts": "backends/faults/",
};

/**
 * The layers of `src/`, from the bottom up, and what each may import beside itself. A new folder needs a row here, and in
 * docs/architecture.md.
 */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  "src/contract/": [],
  "src/shared/": ["src/contract/"],
  "src/grants/": ["src/contract/", "src/shared/", "wasm/core.ts"],
  "src/maps/": ["src/contract/", "src/shared/"],
  "src/events/": ["src/contract/", "src/shared/"],
  "src/xenstore/": ["src/contract/", "src/shared/"],
  "src/metrics/": ["src/contract/", "src/grants/reports.ts"],
  "src/pictures/": ["src/contract/", "src/grants/reports.ts"],
  "src/pv/": ["src/contract/", "src/shared/", "src/grants/", "src/xenstore/"],
  "src/vchan/": ["src/contract/", "src/shared/", "src/grants/", "src/maps/", "src/events/", "src/xenstore/"],
};

/** Where modules may be at all, beside the layers and the public faces. */
const PLACES = /^(mod\.ts|vitest\.config\.ts|(backends\/[^/]+|wasm|bench|cli|examples|scripts|site|test)\/.+)$/;

/** How handles are shown, those of the library and those of backends. */
const INSPECTION = "src/shared/inspection.ts";
/** What `record` and `faults` may share. */
const INTERCEPT = "backends/intercept/";
/** The only modules of the library that may know Node or koffi. */
const KNOWS_NODE = /^backends\/(node|linux\/node_waiting)\.ts$/;
/** The only module of the library that may know Deno. */
const KNOWS_DENO = "backends/deno.ts";
const LIBRARY = /^(mod\.ts|(src|backends|wasm)\/.*)$/;

/** The entries of the library. */
const PUBLISHED: ReadonlySet<string> = new Set(Object.values(config.exports).map((path) => path.slice(2)));

const inside = (...folders: readonly string[]) => (target: string) =>
  folders.some((folder) => target === folder || (folder.endsWith("/") && target.startsWith(folder)));
const isOurs = (target: string) => PLACES.test(target) || target in FACES || /^src\/[^/]+\//.test(target);
/** What the modules that know Node may import beside the library. */
const OF_NODE = /^(node:.+|koffi)$/;

const RULES: readonly Rule[] = [
  { of: /^mod\.ts$/, may: "src/", allows: inside("src/") },
  ...Object.entries(LAYERS).map(layerRule),
  {
    of: /^backends\//,
    may: "src/contract/ and their own folder",
    allows: (target, from) =>
      target.startsWith("src/contract/") || target === INSPECTION || target.startsWith(folderOf(from)) ||
      (/^backends\/(record|faults)\b/.test(from) && target.startsWith(INTERCEPT)) ||
      (KNOWS_NODE.test(from) && OF_NODE.test(target)),
  },
  { of: /^wasm\/assembly\//, may: "wasm/assembly/", allows: inside("wasm/assembly/") },
  { of: /^wasm\/[^/]+$/, may: "wasm/", allows: inside("wasm/") },
  {
    of: LIBRARY,
    may: "neither Node's modules nor packages, except backends/node.ts and backends/linux/node_waiting.ts",
    allows: (target, from) => isOurs(target) || (KNOWS_NODE.test(from) && OF_NODE.test(target)),
  },
  {
    of: /^bench\//,
    may: "nothing of test/ but test/rig/ and test/store_differential/",
    allows: (target) => !target.startsWith("test/") || /^test\/(rig|store_differential)\//.test(target),
  },
  {
    of: /^test\/conformance\//,
    may: "mod.ts, the mod.ts of src/xenstore/ and src/vchan/, src/contract/ and test/conformance/, as the suites are " +
      "published",
    allows: inside("mod.ts", "src/xenstore/mod.ts", "src/vchan/mod.ts", "src/contract/", "test/conformance/"),
  },
  {
    of: /^test\/(?!rig\/|tools\/)/,
    may: "nothing of bench/, except test/rig/ and test/tools/",
    allows: (target) => !target.startsWith("bench/"),
  },
  {
    of: /^test\/support\//,
    may: "nothing of the folders of test/ that it supports",
    allows: (target) => !target.startsWith("test/") || target.startsWith("test/support/"),
  },
  { of: /^scripts\//, may: "nothing of bench/", allows: (target) => !target.startsWith("bench/") },
  {
    of: /^cli\//,
    may: "what the library publishes, their own folder, Node's modules and commander, as it is a package of its own",
    allows: (target) =>
      PUBLISHED.has(target) || target.startsWith("cli/") || target.startsWith("node:") || /\bcommander\b/.test(target),
  },
  {
    of: /^site\/src\/(play|runner)\//,
    may: "what the library publishes, site/src/, examples/block/ and packages, as they run in browsers",
    allows: (target) =>
      PUBLISHED.has(target) || target.startsWith("site/src/") || target.startsWith("examples/block/") ||
      (!isOurs(target) && !target.startsWith("node:")),
  },
  {
    of: /^site\//,
    may: "what the library publishes, their own folder, scripts/, examples/block/, Node's modules and packages",
    allows: (target) =>
      PUBLISHED.has(target) || /^(site|scripts|examples\/block)\//.test(target) || target === "deno.json" ||
      !isOurs(target),
  },
  {
    of: /^examples\//,
    may: "mod.ts, the mod.ts of src/metrics/, src/pictures/, src/pv/, src/vchan/ and src/xenstore/, the public faces " +
      "of backends, their own folder and Node's modules; those of examples/metrics/ the libraries that they are about",
    allows: (target, from) =>
      target === "mod.ts" || /^src\/(metrics|pictures|pv|vchan|xenstore)\/mod\.ts$/.test(target) || target in FACES ||
      (from.startsWith("examples/metrics/") && /prom-client|@opentelemetry/.test(target)) ||
      target.startsWith(ownFolder(from)) || target.startsWith("node:"),
  },
];

function layerRule([layer, others]: [string, readonly string[]]): Rule {
  const allowed = [...others, layer];
  return { of: new RegExp(`^${layer}`), may: words(allowed), allows: inside(...allowed) };
}

function words(list: readonly string[]): string {
  return list.length === 1 ? list[0]! : `${list.slice(0, -1).join(", ")} and ${list.at(-1)}`;
}

/** The folder of a backend: that of its public face, or the one that the module is in. */
function folderOf(path: string): string {
  return FACES[path] ?? /^backends\/[^/]+\//.exec(path)?.[0] ?? "backends/";
}

/** The folder of an example: `examples/ring/` of `examples/ring.ts` and of all that is in it. */
function ownFolder(path: string): string {
  return `${/^examples\/[^/.]+/.exec(path)?.[0]}/`;
}

/** Finds the imports that break a rule. Each is described with the rule: `a.ts imports b.ts: a.ts may import …`. */
export function brokenRules(graph: ImportGraph): string[] {
  const found: string[] = [];
  for (const [from, targets] of graph) {
    for (const rule of RULES.filter(({ of }) => of.test(from))) {
      for (const target of targets) {
        if (rule.allows(target, from)) continue;
        found.push(`${from} imports ${target}: modules here may import ${rule.may}`);
      }
    }
  }
  return found;
}

/** Finds modules for which there is no rule: in an unknown folder, or at the top of `backends/` without being a public face. */
export function strayModules(paths: Iterable<string>): string[] {
  const layers = Object.keys(LAYERS);
  return [...paths]
    .filter((path) => !(PLACES.test(path) || path in FACES || layers.some((layer) => path.startsWith(layer))))
    .map((path) => `${path} is in a place without a rule: see test/support/imports/rules.ts`);
}

/**
 * Finds modules of the library and of the command line that use `Deno` and may not: both also run on Node. Comments and
 * strings may name it.
 */
export function usesOfDeno(texts: ReadonlyMap<string, string>): string[] {
  return [...texts]
    .filter(([path, text]) =>
      (LIBRARY.test(path) || path.startsWith("cli/")) && path !== KNOWS_DENO && /\bDeno\b/.test(codeOf(text))
    )
    .map(([path]) => `${path} uses Deno: only ${KNOWS_DENO} may`);
}

/** The code of a text: without comments, and without strings, except templates, which may have code in them. */
function codeOf(text: string): string {
  return text.replace(/\/\*.*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/gs, "");
}
