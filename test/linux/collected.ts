/**
 * A program for a test of garbage collection under Deno: drops a mapping without ending it, and prints as JSON what is
 * left. It is a program because the dropped mapping stays until the process ends.
 *
 * Argument: the path of the shim. Run it with `--v8-flags=--expose-gc`.
 *
 * @module
 */

import { denoDomain } from "../../backends/deno.ts";
import { mappedPages, Shim } from "../support/shim/shim.ts";

const [libc] = Deno.args as [string];
new Shim(libc);
const { gc } = globalThis as unknown as { gc(): void };

const file = denoDomain({ libc }).grants.open();
const grefs = new Uint32Array(1);
file.grant(0, 1, 0, true, grefs);
const map = () => file.map(0, 1, grefs[0]!, true);

const kept = map();
const dropped = (() => {
  const { bytes } = map();
  bytes[0] = 5;
  return new WeakRef(bytes.buffer);
})();
// Only a part of the view is kept, and neither the mapping nor the whole view.
const part = (() => map().bytes.subarray(8, 16))();

for (let round = 0; round < 100 && dropped.deref() !== undefined; round++) {
  await new Promise((resolve) => setTimeout(resolve));
  gc();
}
kept.bytes[9] = 6;
const seen = [kept.bytes[0], part[1]];
console.log(JSON.stringify({ collected: dropped.deref() === undefined, mapped: mappedPages(), seen }));
