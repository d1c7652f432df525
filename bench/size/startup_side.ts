/**
 * Prints the milliseconds from the import of the library to the first grant, in a process that does nothing else.
 *
 * @module
 */
const start = performance.now();
const [{ GrantDevice }, { MockXen }] = await Promise.all([import("../../mod.ts"), import("../../backends/mock.ts")]);
new GrantDevice(new MockXen().domain(1)).open().allocate(0);
console.log(performance.now() - start);
export {};
