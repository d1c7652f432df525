/** Our frontend in a domU, and Linux's xen-blkback in dom0 on a loop device. */

import { assert, assertEquals } from "../../../conformance/asserts.ts";
import type { Json } from "../channel.ts";
import type { Suite } from "../runner.ts";
import type { Cast } from "./cast.ts";
import { content, isSame } from "./content.ts";
import { KernelDisk, readPart, writePart } from "./kernel_disk.ts";
import type { User } from "./users.ts";

const MIB = 1024 * 1024;
const SIZE = 16 * MIB;

/** How requests are made: how large they are, and how many at once. */
const REQUESTS = [
  { request: 512, lanes: 24, length: 48 * 512 },
  { request: 4096, lanes: 32, length: 64 * 4096 },
  { request: 45056, lanes: 4, length: 6 * 45056 },
  { request: 45056 + 512, lanes: 4, length: 6 * 45568 },
  { request: MIB, lanes: 2, length: 2 * MIB },
];

/** Ways to use a disk: how it is attached, and whether its pages then stay granted. */
const WAYS: readonly { options: Json; persistent: boolean; maxBytes: number }[] = [
  { options: { persistent: false }, persistent: false, maxBytes: MIB },
  { options: { ringOrder: 4 }, persistent: true, maxBytes: MIB },
  { options: { ringOrder: 2, persistent: false, indirect: false }, persistent: false, maxBytes: 44 * 1024 },
];

/** Writes in the domU and looks into dom0's file, then the other way round. */
export async function exchange(user: User, path: string, round: number): Promise<void> {
  const disk = "xvdb";
  let offset = 0;
  for (const { request, lanes, length } of REQUESTS) {
    await user.ask("write", { disk, round, offset, length, request, lanes });
    assert(isSame(await readPart(path, offset, length), content(round, offset, length)), `${request} bytes written`);
    await writePart(path, offset, content(round + 1, offset, length));
    assertEquals(await user.ask("read", { disk, round: round + 1, offset, length, request, lanes }), 0);
    offset += Math.ceil(length / 4096) * 4096;
  }
}

export function declare({ test }: Suite, cast: Cast): void {
  let disk: KernelDisk;
  let user: User;

  test("the kernel's disk is as the kernel offers it", async () => {
    disk = await KernelDisk.create(cast.domid, "xvdb", SIZE);
    user = await cast.user();
    const shape = {
      size: SIZE,
      sectorSize: 512,
      readOnly: false,
      persistent: true,
      maxBytes: MIB,
      canFlush: true,
      canDiscard: true,
    };
    assertEquals(Object.entries(await user.ask("attach", { disk: "xvdb" })), Object.entries(shape));
  });

  test("requests of all sizes, many at once, move the bytes between our frontend and the kernel's file", async () => {
    await exchange(user, disk.loop.path, 1);
  });

  test("the kernel counts the requests that we make", async () => {
    const before = await disk.statistics();
    const pieces = { disk: "xvdb", round: 9, offset: 0 };
    await user.ask("write", { ...pieces, length: 2 * MIB, request: MIB, lanes: 2 });
    await user.ask("write", { ...pieces, length: 8 * 4096, request: 4096, lanes: 4 });
    await user.ask("read", { ...pieces, length: 5 * 512, request: 512, lanes: 1 });
    await user.ask("flush", { disk: "xvdb" });
    await user.ask("discard", { disk: "xvdb", offset: 8 * MIB, length: MIB });
    const after = await disk.statistics();
    const counted = Object.entries(after).map(([name, count]) => [name, count - before[name]!]);
    const made = { rd_req: 5, wr_req: 10, f_req: 1, ds_req: 1, oo_req: 0, rd_sect: 5, wr_sect: 4096 + 64 };
    assertEquals(counted, Object.entries(made));
  });

  test("what we discard is gone from the kernel's file", async () => {
    const pieces = { disk: "xvdb", round: 10, offset: 4 * MIB, length: 3 * MIB, request: MIB, lanes: 1 };
    await user.ask("write", pieces);
    await user.ask("discard", { disk: "xvdb", offset: 5 * MIB, length: MIB });
    const path = disk.loop.path;
    assert((await readPart(path, 5 * MIB, MIB)).every((byte) => byte === 0), "the discarded bytes");
    for (const offset of [4 * MIB, 6 * MIB]) {
      assert(isSame(await readPart(path, offset, MIB), content(10, offset, MIB)), `the bytes at ${offset}`);
    }
  });

  test("a read or a write past the end is refused", async () => {
    for (const verb of ["read", "write"]) {
      const pieces = { disk: "xvdb", round: 1, offset: SIZE - 512, length: 1024, request: 1024, lanes: 1 };
      const refused = await user.ask(verb, pieces).then(() => "", String);
      assert(refused.includes(`the end must be within the disk of ${SIZE} bytes`), refused);
    }
  });

  test("a disk that becomes larger is noticed", async () => {
    await disk.loop.resize(2 * SIZE);
    await user.ask("resized", { disk: "xvdb", size: 2 * SIZE });
    const pieces = { disk: "xvdb", round: 11, offset: 2 * SIZE - MIB, length: MIB, request: MIB, lanes: 1 };
    await user.ask("write", pieces);
    assert(isSame(await readPart(disk.loop.path, pieces.offset, MIB), content(11, pieces.offset, MIB)), "the new end");
    await user.ask("detach", { disk: "xvdb" });
  });

  for (const { options, persistent, maxBytes } of WAYS) {
    test(`a disk that is attached with ${JSON.stringify(options)} is used that way`, async () => {
      const shape = await user.ask("attach", { disk: "xvdb", options });
      assertEquals([shape.persistent, shape.maxBytes], [persistent, maxBytes]);
      await exchange(user, disk.loop.path, 20);
      await user.ask("detach", { disk: "xvdb" });
    });
  }

  test("the npm package on Node does the same", async () => {
    const onNode = await cast.user("Node");
    const shape = await onNode.ask("attach", { disk: "xvdb" });
    assertEquals([shape.size, shape.persistent], [2 * SIZE, true]);
    await exchange(onNode, disk.loop.path, 30);
    await onNode.ask("flush", { disk: "xvdb" });
    await onNode.ask("detach", { disk: "xvdb" });
    await disk.remove();
  });

  test("a disk that is read-only can be read, and not written", async () => {
    const readOnly = await KernelDisk.create(cast.domid, "xvdc", MIB, { readOnly: true });
    await writePart(readOnly.loop.path, 0, content(3, 0, MIB));
    const shape = await user.ask("attach", { disk: "xvdc" });
    assertEquals([shape.readOnly, shape.canDiscard], [true, false]);
    const pieces = { disk: "xvdc", round: 3, offset: 0, length: MIB, request: 65536, lanes: 4 };
    assertEquals(await user.ask("read", pieces), 0);
    const refused = await user.ask("write", pieces).then(() => "", String);
    assert(refused.includes("the disk is read-only"), refused);
    await user.ask("detach", { disk: "xvdc" });
    await readOnly.remove();
  });
}
