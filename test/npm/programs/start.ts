/**
 * Prints the milliseconds from an import to the first grant, in a process that does nothing else; or, with the argument `empty`,
 * those that the import of an empty module takes.
 */

import process from "node:process";

const start = performance.now();
if (process.argv[2] === "empty") {
  await import("./empty.js");
} else {
  const [{ GrantDevice }, { MockXen }] = await Promise.all([
    import("@gntalloc/gntalloc"),
    import("@gntalloc/gntalloc/mock"),
  ]);
  new GrantDevice(new MockXen().domain(1)).open().allocate(0);
}
console.log(performance.now() - start);
