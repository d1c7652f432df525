/** A domU that is destroyed while its disks are busy: ours and Linux's, on Linux's backend and on ours. */

import { denoDomain } from "../../../../backends/deno.ts";
import { createDisk, placeOfDisk } from "../../../../examples/block/block_backend.ts";
import { removeDevice } from "../../../../src/pv/mod.ts";
import { assert, assertEquals } from "../../../conformance/asserts.ts";
import { shell } from "../programs.ts";
import type { Suite } from "../runner.ts";
import { until } from "../until.ts";
import * as xl from "../xl.ts";
import { xenstore } from "../xenstore.ts";
import type { Cast } from "./cast.ts";
import { createFile, KernelDisk, LoopFile } from "./kernel_disk.ts";
import { attachLoop } from "./toolstack_disk.ts";
import { assertWhole } from "./whole.ts";

const MIB = 1024 * 1024;
const SIZE = 4 * MIB;
const LANES = 4;
/** The disks: ours on Linux's backend, which the toolstack knows; ours on ours; and Linux's on ours. */
const [ON_LINUX, ON_OURS, OF_LINUX] = ["xvdo", "xvdp", "xvdq"] as const;
/** Linux's on Linux's, which the toolstack does not know. */
const UNKNOWN = "xvdr";
const SERVED = [ON_OURS, OF_LINUX];
const pathOf = (disk: string) => `/tmp/${disk}.served.img`;

export function declare({ test }: Suite, cast: Cast): void {
  let loop: LoopFile;
  let unknown: KernelDisk;
  let openBefore: number;
  const isThere = (disk: string) => () => cast.shell(`test -b /dev/${disk}`).then(() => true, () => false);

  test("a domU has busy disks", async () => {
    const { domid } = cast;
    const [server, user] = [await cast.server(), await cast.user()];
    openBefore = await server.ask("openDevices", {});
    loop = await LoopFile.create("destroyed", SIZE);
    await attachLoop(domid, ON_LINUX, loop);
    for (const disk of SERVED) {
      await createFile(pathOf(disk), SIZE);
      await createDisk(denoDomain(), domid, disk);
      await server.ask("serve", { frontend: domid, disk, path: pathOf(disk), readOnly: false });
    }
    unknown = await KernelDisk.create(domid, UNKNOWN, MIB);
    for (const disk of [ON_LINUX, UNKNOWN, ...SERVED]) await until(isThere(disk));
    for (const disk of [ON_LINUX, ON_OURS]) {
      // The domU's kernel has a driver for disks, which took it.
      await cast.shell(`echo vbd-${placeOfDisk(disk, domid).id} > /sys/bus/xen/drivers/vbd/unbind`);
      await user.ask("attach", { disk });
      await user.ask("churn", { disk, lanes: LANES, span: MIB });
    }
    for (const round of [1, 2]) await user.ask("keep", { path: `/tmp/${round}`, round, length: MIB });
    const write = (round: number) => `dd if=/tmp/${round} of=/dev/${OF_LINUX} bs=64k conv=fsync`;
    await cast.shell(`(while ${write(1)} && ${write(2)}; do :; done) >/dev/null 2>&1 &`);
    for (const disk of [ON_LINUX, ON_OURS]) {
      await until(async () => await user.ask("rounds", { disk }) > 2 * LANES);
    }
    for (const disk of SERVED) await until(async () => (await server.ask("served", { disk })).mapped > 0);
    // All of this is gone after the end.
    assert(await server.ask("openDevices", {}) > openBefore, "our backends have no device open");
    assert(await kernelPorts() > 0, "no event channel of xen-blkback is bound");
    assertEquals((await kernelDisks(domid)).length, 2);
  });

  test("when it is destroyed, its disks end on both backends, and nothing of it stays mapped or open", async () => {
    const { domid } = cast;
    const server = await cast.server();
    await cast.domu.destroy();
    for (const disk of SERVED) {
      const { failures } = await server.ask("unserve", { disk, wait: true });
      assertEquals(failures, []);
      // Ours, which the toolstack does not know.
      assertEquals(await removeDevice(denoDomain(), placeOfDisk(disk, domid)), true);
    }
    assertEquals(await server.ask("openDevices", {}), openBefore);
    await until(async () => (await kernelDisks(domid)).length === 0);
    assertEquals(await kernelPorts(), 0);
    const store = await xenstore();
    const left = (disk: string) => `/local/domain/0/backend/vbd/${domid}/${placeOfDisk(disk, domid).id}`;
    assertEquals(await store.list(left(ON_LINUX)).then(String, ({ code }) => code), "not-found");
    // Linux has let go of it, and does not say so to whoever asks now.
    assertEquals(await store.readText(`${left(UNKNOWN)}/state`), "4");
    assertEquals(await removeDevice(denoDomain(), unknown.place, { timeout: 0 }), false);
    await unknown.loop.remove();
    // A domain whose pages are mapped by anybody stays in this list.
    await until(async () => (await xl.list()).every((each) => each.domid !== domid));
    await loop.detach();
    for (const path of [loop.path, ...SERVED.map(pathOf)]) await assertWhole(path);
  });
}

/** How many event channels dom0's xen-blkback has bound. */
async function kernelPorts(): Promise<number> {
  return Number(await shell("grep -c blkif-backend /proc/interrupts || true"));
}

/** The disks of a domain that dom0's xen-blkback serves. */
async function kernelDisks(domid: number): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir("/sys/bus/xen-backend/devices"))).map(({ name }) => name);
  return names.filter((name) => name.startsWith(`vbd-${domid}-`));
}
