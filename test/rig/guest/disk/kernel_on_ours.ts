/** Linux's xen-blkfront in a domU, and our backend in dom0. */

import { denoDomain } from "../../../../backends/deno.ts";
import { createDisk, placeOfDisk } from "../../../../examples/block/block_backend.ts";
import { removeDevice } from "../../../../src/pv/mod.ts";
import { assert, assertEquals } from "../../../conformance/asserts.ts";
import type { Suite } from "../runner.ts";
import { until } from "../until.ts";
import type { Cast } from "./cast.ts";
import { content, isSame } from "./content.ts";
import { createFile, readPart, writePart } from "./kernel_disk.ts";
import { shell } from "../programs.ts";

const MIB = 1024 * 1024;
const SIZE = 24 * MIB;
const PATH = "/tmp/filesystem.img";
const FILESYSTEM = ["crc16", "crc32c_generic", "mbcache", "jbd2", "ext4"];
const insertModules = (names: readonly string[]) => names.map((name) => `insmod /modules/${name}.ko`).join(" && ");
/** What the domU writes into its filesystem: 2.7 MB of lines. */
const WRITE = "seq 1 400000";

export function declare({ test }: Suite, cast: Cast): void {
  /** Gives the domU's kernel a disk that our backend serves. */
  const serve = async (disk: string, path: string, readOnly: boolean) => {
    await createDisk(denoDomain(), cast.domid, disk, { readOnly });
    await (await cast.server()).ask("serve", { frontend: cast.domid, disk, path, readOnly });
    await until(() => cast.shell(`test -b /dev/${disk}`).then(() => true, () => false));
  };

  test("Linux's frontend finds our disk, and what it is like", async () => {
    await cast.shell(insertModules(["xen-blkfront", ...FILESYSTEM]));
    await createFile(PATH, SIZE);
    await writePart(PATH, 0, content(7, 0, 2 * MIB));
    await serve("xvde", PATH, false);
    const sys = "/sys/block/xvde";
    const [size, ro, sectorSize, cache, discard, segments] = (await cast.shell(
      `cat ${sys}/size ${sys}/ro ${sys}/queue/logical_block_size ${sys}/queue/write_cache ` +
        `${sys}/queue/discard_max_bytes ${sys}/queue/max_segments`,
    )).split("\n");
    assertEquals([size, ro, sectorSize, cache], [String(SIZE / 512), "0", "512", "write back"]);
    assert(Number(discard) > 0, "it cannot discard");
    assertEquals(segments, "32");
  });

  test("Linux's frontend reads what is in our file", async () => {
    const ours = (await shell(`dd if=${PATH} bs=1M count=2 2>/dev/null | sha256sum`)).split(" ")[0];
    const theirs = (await cast.shell("dd if=/dev/xvde bs=1M count=2 2>/dev/null | sha256sum")).split(" ")[0];
    assertEquals(theirs, ours);
    assert(isSame(await readPart(PATH, 0, 2 * MIB), content(7, 0, 2 * MIB)), "the file has changed");
  });

  test("Linux makes a filesystem on our disk, mounts it, writes and unmounts, and it is clean on both sides", async () => {
    await cast.shell("mkfs.ext4 -q -F /dev/xvde && mkdir -p /mnt");
    await cast.shell("mount -t ext4 -o discard /dev/xvde /mnt");
    await cast.shell(
      `${WRITE} > /mnt/numbers && cp /mnt/numbers /mnt/copy && sync && rm /mnt/copy && fstrim /mnt`,
      120,
    );
    await cast.shell("mkdir /mnt/many && for n in $(seq 100); do echo $n > /mnt/many/$n; done");
    await cast.shell("umount /mnt && e2fsck -f -n /dev/xvde");
    await shell(`e2fsck -f -n ${PATH}`);
    const { mapped, failures } = await (await cast.server()).ask("served", { disk: "xvde" });
    assertEquals(failures, []);
    assert(mapped > 0, "no page stays mapped");
    await shell(`${insertModules(FILESYSTEM)} && mkdir -p /mnt && mount -t ext4 -o ro,loop ${PATH} /mnt`);
    try {
      assertEquals(await shell("sha256sum < /mnt/numbers"), await shell(`${WRITE} | sha256sum`));
      assertEquals(await shell("cat /mnt/many/* | sort -n | sha256sum"), await shell("seq 100 | sha256sum"));
    } finally {
      await shell("umount /mnt");
    }
  });

  test("Linux's frontend notices that our disk becomes larger", async () => {
    await Deno.truncate(PATH, 2 * SIZE);
    await (await cast.server()).ask("resize", { disk: "xvde" });
    await until(async () => await cast.shell("cat /sys/block/xvde/size") === String(2 * SIZE / 512));
    await cast.shell("dd if=/dev/zero of=/dev/xvde bs=1M seek=47 count=1 conv=fsync 2>/dev/null");
  });

  test("Linux's frontend leaves our disk when it is removed, and takes one that is read-only", async () => {
    const server = await cast.server();
    assertEquals(await removeDevice(denoDomain(), placeOfDisk("xvde", cast.domid)), true);
    await server.ask("unserve", { disk: "xvde", wait: true });
    await serve("xvdf", PATH, true);
    assertEquals(await cast.shell("cat /sys/block/xvdf/ro"), "1");
    await cast.shell("mount -t ext4 -o ro /dev/xvdf /mnt && head -n 3 /mnt/numbers && umount /mnt");
    assertEquals(await removeDevice(denoDomain(), placeOfDisk("xvdf", cast.domid)), true);
    await server.ask("unserve", { disk: "xvdf", wait: true });
  });
}
