/** Every call to a backend of the library fails once, on either side: everything settles, and nothing is left. */
import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { Faults } from "../../../backends/faults.ts";
import { MockXen } from "../../../backends/mock.ts";
import { BlockBackend, createDisk } from "../../../examples/block/block_backend.ts";
import { BlockDevice } from "../../../examples/block/block_device.ts";
import type { XenDomain } from "../../../mod.ts";
import { pattern, SlowDisk } from "./support.ts";

/** How long anybody waits for the other side, in milliseconds. */
const TIMEOUT = 40;
const BYTES = 100 * 1024;

/** Uses a disk. Whatever ends well must have been right. */
async function use(domain: XenDomain, persistent: boolean): Promise<void> {
  const device = await BlockDevice.attach(domain, "xvdb", { timeout: TIMEOUT, persistent });
  try {
    const signal = AbortSignal.timeout(TIMEOUT);
    await device.write(4096, pattern(BYTES), { signal });
    await device.flush({ signal });
    const found = await device.read(4096, BYTES, { signal });
    if (Buffer.compare(found, pattern(BYTES)) !== 0) throw new Error("wrong bytes");
  } finally {
    await device.detach();
  }
}

const kinds = {
  grants: ["open", "limit", "grant", "map", "unmap", "endAccess", "close"],
  maps: ["open", "map", "copy", "unmap", "close"],
  events: ["open", "bind", "notify", "pending", "wait", "unmask", "close"],
  store: ["open", "send", "receive", "wait", "close"],
} as const;
const calls = Object.entries(kinds).flatMap(([part, list]) => list.map((kind) => [part, kind] as const));

test.each(calls)("each call of %s: %s", async (part, kind) => {
  let injected = 0;
  for (const side of ["frontend", "backend"] as const) {
    for (const when of ["before", "after"] as const) {
      for (let nth = 1, last = false; !last && nth <= 6; nth++) {
        const xen = new MockXen();
        xen.domain(1);
        await createDisk(xen.domain(0), 1, "xvdb");
        const faults = new Faults();
        const [front, back] = [xen.domain(1), xen.domain(0)];
        const disk = new SlowDisk(256 * 1024);
        faults.fail(kind, { part: part as keyof typeof kinds, nth, when });
        const backend = BlockBackend.serve(side === "backend" ? faults.wrap(back) : back, 1, "xvdb", disk, {
          timeout: TIMEOUT,
          persistent: nth % 2 === 0,
        });
        const served = await backend.catch(() => undefined);
        const result = await use(side === "frontend" ? faults.wrap(front) : front, nth % 2 === 0).then(
          () => "done",
          (error) => typeof error.code === "string" ? error.code : error.name,
        );
        // Every failure has a code, except that of the signal.
        expect(result).toMatch(/^(done|[a-z]+(-[a-z]+)*|TimeoutError)$/);
        await served?.close().catch(() => {});
        last = faults.injected() === 0;
        injected += faults.injected();
        faults.clear();
        faults.releaseAll();
        xen.assertClean();
      }
    }
  }
  expect(injected).toBeGreaterThan(0);
}, 60_000);
