/** Sides that lie: a backend of ours to our frontend, and a frontend of ours to our backend and to Linux's. */

import { denoDomain } from "../../../../backends/deno.ts";
import { createDisk, placeOfDisk } from "../../../../examples/block/block_backend.ts";
import { removeDevice } from "../../../../src/pv/mod.ts";
import { assert, assertEquals } from "../../../conformance/asserts.ts";
import { HandBackend } from "../../../examples/block/hand_backend.ts";
import { LIES } from "../../../examples/block/lies.ts";
import type { Suite } from "../runner.ts";
import type { Cast } from "./cast.ts";
import { createFile, KernelDisk } from "./kernel_disk.ts";

const MIB = 1024 * 1024;
const SECTORS = MIB / 512;
const READ = { disk: "xvdb", round: 1, offset: 0, length: 512, request: 512, lanes: 1 };

/** What Linux's backend answers otherwise: it knows barriers, and writes what a flush brings along. */
const LINUX_DIFFERS: readonly (readonly [what: string, status: number])[] = [
  ["a flush with segments", 0],
  ["a barrier", 0],
];

/** Numbers of requests that a frontend may claim, of which there are 32 at most. */
const CLAIMED = [33, 2 ** 31 - 1, 0xffff_fff0];

const EVENTS = 2000;

export function declare({ test }: Suite, cast: Cast): void {
  test("a backend that lies ends our disk with an error, and the next backend serves it", async () => {
    await createDisk(denoDomain(), cast.domid, "xvdb");
    const user = await cast.user();
    for (const [name, message, lie] of LIES) {
      const [backend] = await Promise.all([
        HandBackend.connect(denoDomain(), cast.domid),
        user.ask("attach", { disk: "xvdb" }),
      ]);
      const reading = user.ask("read", READ).then(() => "", String);
      lie(backend, await backend.request());
      backend.send();
      const said = await reading;
      assert(said.startsWith("Error: protocol") && message.test(said), `a backend that answers ${name}: ${said}`);
      await backend.follow();
      assertEquals(await user.ask("closed", { disk: "xvdb" }), "protocol");
    }
  });

  test("a backend that sends events all the time starves nobody", async () => {
    const user = await cast.user();
    const [backend] = await Promise.all([
      HandBackend.connect(denoDomain(), cast.domid),
      user.ask("attach", { disk: "xvdb" }),
    ]);
    for (let round = 0; round < 3; round++) {
      const reading = user.ask("read", READ);
      const request = await backend.request();
      for (let count = 0; count < EVENTS; count++) backend.channel.notify();
      backend.answer(request);
      backend.send();
      // The page is fresh, and so is not what was asked for.
      assertEquals(await reading, 1);
    }
    const detaching = user.ask("detach", { disk: "xvdb" });
    await backend.follow();
    await detaching;
    assertEquals(await removeDevice(denoDomain(), placeOfDisk("xvdb", cast.domid)), true);
  });

  for (const persistent of [1, 0] as const) {
    test(`our backend and Linux's answer requests that make no sense alike, with feature-persistent ${persistent}`, async () => {
      const disk = persistent ? "xvdi" : "xvdj";
      const kernel = await KernelDisk.create(cast.domid, disk, MIB);
      const ofLinux = await cast.domu.call("hostileRequests", { disk, persistent, sectors: SECTORS }, 120);
      assertEquals(ofLinux, [...LINUX_DIFFERS, ["a good read", 0]]);
      await kernel.remove();

      const path = "/tmp/hostile.img";
      await createFile(path, MIB);
      await createDisk(denoDomain(), cast.domid, disk);
      const server = await cast.server();
      await server.ask("serve", { frontend: cast.domid, disk, path, readOnly: false });
      const ofOurs = await cast.domu.call("hostileRequests", { disk, persistent, sectors: SECTORS }, 120);
      assertEquals(ofOurs, [["a good read", 0]]);
      assert((await Deno.readFile(path)).every((byte) => byte === 0), "something was written");
      assertEquals(await removeDevice(denoDomain(), placeOfDisk(disk, cast.domid)), true);
      await server.ask("unserve", { disk, wait: true });
    });
  }

  test("a frontend with wild indices, event storms and one page in all requests stops neither backend", async () => {
    const path = "/tmp/hostile.img";
    await createFile(path, MIB);
    await createDisk(denoDomain(), cast.domid, "xvdk");
    const server = await cast.server();
    await server.ask("serve", { frontend: cast.domid, disk: "xvdk", path, readOnly: false });
    const kernel = await KernelDisk.create(cast.domid, "xvdl", MIB);
    for (const disk of ["xvdk", "xvdl"]) {
      for (const claimed of CLAIMED) {
        const isLeft = await cast.domu.call("hostileIndices", { disk, persistent: 1, claimed });
        // Linux stops looking at the ring, and says nothing to the frontend.
        assertEquals(isLeft, disk === "xvdk");
      }
      for (const persistent of [1, 0]) {
        assertEquals(await cast.domu.call("hostileEvents", { disk, persistent, events: EVENTS }, 120), 0);
        assertEquals(await cast.domu.call("hostileTwice", { disk, persistent }, 120), 0);
      }
    }
    const refused = await cast.domu.call("hostileNodes", { disk: "xvdk", nodes: { "ring-ref": 60_000 } });
    assertEquals(refused, "closing");
    const { failures } = await server.ask("served", { disk: "xvdk" });
    assertEquals(failures.length, CLAIMED.length + 1);
    const user = await cast.user();
    for (const disk of ["xvdk", "xvdl"]) {
      await user.ask("attach", { disk });
      const pieces = { ...READ, disk, round: 5, length: MIB, request: 65536, lanes: 4 };
      await user.ask("write", pieces);
      assertEquals(await user.ask("read", pieces), 0);
      await user.ask("detach", { disk });
    }
    assertEquals(await removeDevice(denoDomain(), placeOfDisk("xvdk", cast.domid)), true);
    await server.ask("unserve", { disk: "xvdk", wait: true });
    await kernel.remove();
    await cast.domu.call("assertNothingGranted");
  });
}
