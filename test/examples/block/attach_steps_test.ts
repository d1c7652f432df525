/** An attach of a disk that is disturbed, at each of its steps. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../../backends/mock.ts";
import { BlockBackend, createDisk } from "../../../examples/block/block_backend.ts";
import { BlockDevice } from "../../../examples/block/block_device.ts";
import type { PvError } from "../../../src/pv/mod.ts";
import { XenStore } from "../../../src/xenstore/mod.ts";
import { pattern, SlowDisk, turns } from "./support.ts";

const FRONT = "/local/domain/1/device/vbd/51728";
const BACK = "/local/domain/0/backend/udisk/1/51728";

async function machine() {
  const xen = new MockXen();
  xen.domain(1);
  await createDisk(xen.domain(0), 1, "xvdb");
  const backend = await BlockBackend.serve(xen.domain(0), 1, "xvdb", new SlowDisk(65536));
  const store = await XenStore.open(xen.domain(0));
  const finish = async () => {
    await backend.close();
    store.close();
    xen.assertClean();
  };
  return { xen, backend, store, finish };
}

/** Disturbs one attach after the other, each some turns of the event loop later, until some have come to their end. */
async function atEachStep(disturb: (steps: number) => Promise<boolean>): Promise<void> {
  for (let steps = 0, attached = 0; attached < 5; steps++) if (await disturb(steps)) attached++;
}

describe("a device that is removed while it is attached is gone, and nobody is blamed:", () => {
  test.each([
    ["both folders", [FRONT, BACK]],
    ["that of the backend", [BACK]],
    ["that of the frontend", [FRONT]],
  ])("%s", async (_, paths) => {
    await atEachStep(async (steps) => {
      const { xen, backend, store, finish } = await machine();
      const attaching = BlockDevice.attach(xen.domain(1), "xvdb").catch((error) => error);
      await turns(steps);
      await store.transaction(async (transaction) => {
        for (const path of paths) await transaction.remove(path);
      });
      const result: BlockDevice | PvError = await attaching;
      if (result instanceof BlockDevice) expect([steps, await result.closed]).toEqual([steps, { reason: "detached" }]);
      else expect([steps, result.code]).toEqual([steps, expect.stringMatching(/^(gone|no-device)$/)]);
      await backend.closed;
      expect([steps, backend.failures]).toEqual([steps, []]);
      await finish();
      return result instanceof BlockDevice;
    });
  });
});

test("an attach that is given up leaves nothing, and the next one works", async () => {
  await atEachStep(async (steps) => {
    const { xen, backend, store, finish } = await machine();
    const stop = new AbortController();
    const attaching = BlockDevice.attach(xen.domain(1), "xvdb", { signal: stop.signal }).catch((error) => error);
    await turns(steps);
    stop.abort("stopped");
    const result: BlockDevice | "stopped" = await attaching;
    if (result instanceof BlockDevice) await result.detach();
    else expect(result).toBe("stopped");
    // It ends what it has begun.
    await turns(200);
    expect([steps, await store.readText(`${FRONT}/state`)]).toEqual([steps, expect.stringMatching(/^[16]$/)]);
    expect(await store.list(FRONT)).not.toContain("ring-ref");
    const next = await BlockDevice.attach(xen.domain(1), "xvdb");
    await next.write(0, pattern(512));
    await next.detach();
    expect([steps, backend.failures]).toEqual([steps, []]);
    await finish();
    return result instanceof BlockDevice;
  });
});
