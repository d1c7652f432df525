import type { Plugin } from "vite";

/** What the examples use of Node's modules, for a browser. */
const SHIMS: Readonly<Record<string, string>> = {
  "node:fs/promises": "export const open = undefined;",
  "node:process": "export default { arch: 'x64' };",
  "node:timers": "export const setImmediate = (run) => setTimeout(run);",
  "node:timers/promises":
    "export const setTimeout = (time) => new Promise((resolve) => globalThis.setTimeout(resolve, time));",
};

/** Replaces Node's modules, of which browsers have none. */
export function nodeShims(): Plugin {
  const MARK = "\0shim:";
  return {
    name: "shims of Node's modules",
    enforce: "pre",
    resolveId: (id) => id in SHIMS ? MARK + id : null,
    load: (id) => id.startsWith(MARK) ? SHIMS[id.slice(MARK.length)]! : null,
  };
}
