/** A process that goes on using views of unmapped memory, of both devices, and memory that it has moved away. */
import { denoDomain } from "../../../backends/deno.ts";
import { GrantDevice, GrantMapper } from "../../../mod.ts";
import { assertEquals, assertThrows } from "../../conformance/asserts.ts";

const device = new GrantDevice(denoDomain());
const pages = device.open().allocate(0, { pages: 4, writable: true });
const mapper = new GrantMapper(denoDomain());

for (const mapping of [pages.map(), mapper.map(0, pages.grefs, { writable: true })]) {
  const { bytes } = mapping;
  const words = new Uint32Array(bytes.buffer, 0, 16);
  mapping.unmap();
  bytes[0] = 1;
  words[3] = 1;
  assertThrows(() => bytes.fill(1), TypeError, "detached");
  assertEquals([bytes.length, words.length, bytes[0]], [0, 0, undefined as unknown as number]);
}

const moved = [pages.map(), mapper.map(0, pages.grefs, { writable: true })].map((mapping) => {
  const taken = structuredClone(mapping.bytes, { transfer: [mapping.bytes.buffer] });
  mapping.unmap();
  return taken;
});
pages.free();
device.close();
mapper.close();
for (const bytes of moved) {
  bytes.fill(7);
  assertEquals(bytes[3 * 4096], 7);
}
console.log("alive");
