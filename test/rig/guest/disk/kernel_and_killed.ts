/** What Linux's xen-blkfront makes of our backend when that is killed, and another one takes its place. */

import { denoDomain } from "../../../../backends/deno.ts";
import { createDisk, placeOfDisk } from "../../../../examples/block/block_backend.ts";
import { removeDevice } from "../../../../src/pv/mod.ts";
import { assert, assertEquals } from "../../../conformance/asserts.ts";
import type { Suite } from "../runner.ts";
import { pause, until } from "../until.ts";
import { xenstore } from "../xenstore.ts";
import type { Cast } from "./cast.ts";
import { content, isSame } from "./content.ts";
import { createFile, readPart, writePart } from "./kernel_disk.ts";
import { startUser } from "./users.ts";

const MIB = 1024 * 1024;

export function declare({ test }: Suite, cast: Cast): void {
  const isThere = (disk: string) => () => cast.shell(`test -b /dev/${disk}`).then(() => true, () => false);
  const state = async (disk: string) =>
    await (await xenstore()).readText(`/local/domain/${cast.domid}/device/vbd/${placeOfDisk(disk, 0).id}/state`);
  const serving = (disk: string, path: string) => ({ frontend: cast.domid, disk, path, readOnly: false });

  test("our backend is killed under an idle disk of Linux, which is dead until the device is made again", async () => {
    const [disk, path] = ["xvdg", "/tmp/idle.img"];
    await createFile(path, 2 * MIB);
    await writePart(path, 0, content(1, 0, 2 * MIB));
    await createDisk(denoDomain(), cast.domid, disk);
    const killed = startUser("Deno");
    await killed.ask("serve", serving(disk, path));
    await until(isThere(disk));
    await cast.shell(`dd if=/dev/zero of=/dev/${disk} bs=64k count=1 conv=fsync 2>/dev/null`);
    await killed.kill();
    assertEquals(await state(disk), "4");

    const server = await cast.server();
    await server.ask("serve", serving(disk, path));
    await until(async () => await state(disk) === "6");
    assertEquals(await cast.shell(`cat /sys/block/${disk}/size`), "0");
    assertEquals(await cast.shell(`dd if=/dev/${disk} bs=4k count=1 2>/dev/null | wc -c`), "0");

    assertEquals(await removeDevice(denoDomain(), placeOfDisk(disk, cast.domid)), true);
    await server.ask("unserve", { disk, wait: true });
    await createDisk(denoDomain(), cast.domid, disk);
    await server.ask("serve", serving(disk, path));
    await until(async () => await cast.shell(`cat /sys/block/${disk}/size`).catch(() => "") === String(2 * MIB / 512));
    await cast.shell(`dd if=/dev/zero of=/dev/${disk} bs=64k seek=1 count=1 conv=fsync 2>/dev/null`);
    assert((await readPart(path, 0, 131072)).every((byte) => byte === 0), "both writes are in the file");
    assert(isSame(await readPart(path, 131072, MIB), content(1, 131072, MIB)), "the rest is as it was");
    assertEquals(await removeDevice(denoDomain(), placeOfDisk(disk, cast.domid)), true);
    await server.ask("unserve", { disk, wait: true });
  });

  test("our backend is killed under a busy disk of Linux, whose programs then wait for ever", async () => {
    const [disk, path] = ["xvdh", "/tmp/busy.img"];
    await createFile(path, 8 * MIB);
    await createDisk(denoDomain(), cast.domid, disk);
    const killed = startUser("Deno");
    await killed.ask("serve", serving(disk, path));
    await until(isThere(disk));
    // Linux says after two minutes that the program waits.
    await cast.shell("echo 0 > /proc/sys/kernel/hung_task_timeout_secs");
    await cast.shell(
      `(dd if=/dev/zero of=/dev/${disk} bs=1M count=8 conv=fsync; echo $? > /tmp/busy) >/dev/null 2>&1 & ` +
        `while ! grep -q '[^0 ]' /sys/block/${disk}/inflight; do :; done`,
    );
    await killed.kill();
    const server = await cast.server();
    await server.ask("serve", serving(disk, path));
    await until(async () => await state(disk) === "6");
    await pause(3000);
    const [, writes] = (await cast.shell(`cat /sys/block/${disk}/inflight`)).split(/ +/);
    assert(Number(writes) > 0, "no write waits");
    assertEquals(await cast.shell("test -e /tmp/busy && echo ended || echo waits"), "waits");
    // The new backend has let go of everything, and the next frontend could have it.
    assertEquals((await server.ask("served", { disk })).mapped, 0);
    await server.ask("unserve", { disk });
  });
}
