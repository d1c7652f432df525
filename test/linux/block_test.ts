/**
 * A disk over the devices of Deno, with a XenStore that is simulated: memory, grants and events are as on a real Xen. Both
 * sides are in one domain.
 */
import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { denoDomain } from "../../backends/deno.ts";
import { MockXen } from "../../backends/mock.ts";
import { BlockBackend, createDisk } from "../../examples/block/block_backend.ts";
import { BlockDevice } from "../../examples/block/block_device.ts";
import { pattern, random, SlowDisk } from "../examples/block/support.ts";
import { useShim } from "../support/shim/use_shim.ts";

const used = useShim();

describe.each([
  ["persistent grants and a ring of four pages", { persistent: true, ringOrder: 2 }],
  ["fresh grants", { persistent: false }],
])("with %s", (_, attach) => {
  test("what is read is what was written, and the next one attaches", async () => {
    const xen = new MockXen();
    const { grants, maps, events } = denoDomain({ libc: used.libc });
    const domain = { grants, maps, events, store: xen.domain(0).store };
    await createDisk(domain, 0, "xvdb");
    const disk = new SlowDisk(4 * 1024 * 1024);
    const next = random(9);
    disk.turns = () => Math.floor(next() * 3);
    const backend = await BlockBackend.serve(domain, 0, "xvdb", disk);
    for (let round = 0; round < 3; round++) {
      const device = await BlockDevice.attach(domain, "xvdb", attach);
      expect(device.persistent).toBe(attach.persistent);
      const sizes = [512, 4096, 4608, 45056, 45568, 1024 * 1024, 1024 * 1024 + 512, 3 * 1024 * 1024];
      for (const size of sizes) {
        const bytes = pattern(size, round);
        await device.write(512, bytes);
        expect(Buffer.compare(await device.read(512, size), bytes)).toBe(0);
        expect(Buffer.compare(disk.bytes.subarray(512, 512 + size), bytes)).toBe(0);
      }
      const places = Array.from({ length: 60 }, (_, index) => index * 8192);
      await Promise.all(places.map((offset) => device.write(offset, pattern(8192, offset + round))));
      const found = await Promise.all(places.map((offset) => device.read(offset, 8192)));
      for (const [index, bytes] of found.entries()) {
        expect(Buffer.compare(bytes, pattern(8192, places[index]! + round))).toBe(0);
      }
      await device.flush();
      await device.detach();
      expect(backend.mapped).toBe(0);
    }
    await backend.close();
    expect(backend.failures).toEqual([]);
    xen.assertClean();
  });
});
