/**
 * Prints the milliseconds from the import of the package to the first grant, in a process that does nothing else.
 * With the argument `empty` it imports an empty module instead.
 */

import { parseArgs } from "node:util";

const { positionals } = parseArgs({ allowPositionals: true });
const start = performance.now();
if (positionals[0] === "empty") {
  await import("./empty.js");
} else {
  const [{ GrantDevice }, { MockXen }] = await Promise.all([
    import("@gntalloc/gntalloc"),
    import("@gntalloc/gntalloc/mock"),
  ]);
  new GrantDevice(new MockXen().domain(1)).open().allocate(0);
}
console.log(performance.now() - start);
