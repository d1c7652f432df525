/** Programs that are killed in the middle of reads and writes, and those that come after them. */

import { denoDomain } from "../../../../backends/deno.ts";
import { createDisk, placeOfDisk } from "../../../../examples/block/block_backend.ts";
import { removeDevice } from "../../../../src/pv/mod.ts";
import { assert, assertEquals } from "../../../conformance/asserts.ts";
import type { Suite } from "../runner.ts";
import type { Cast } from "./cast.ts";
import { createFile, KernelDisk } from "./kernel_disk.ts";
import { startUser, startUserIn, type User } from "./users.ts";
import { assertWhole } from "./whole.ts";
import { pause } from "../until.ts";

const MIB = 1024 * 1024;
/** How often programs are killed, which have two busy disks each: 20 connections in all. To start one takes seconds. */
const TIMES = 10;
const LANES = 4;
/** How long a program reads and writes before it is killed, in milliseconds. */
const WHILE = [50, 150, 300, 20, 500];

/** A disk whose pages stay granted, and one with fresh pages for each request. */
const DISKS = [["xvdm", true], ["xvdn", false]] as const;

/** Attaches both disks, and has the program read and write them for ever. */
async function use(user: User, time: number): Promise<void> {
  for (const [disk, persistent] of DISKS) {
    await user.ask("attach", { disk, options: { ringOrder: time % 3, persistent } });
  }
  // Only now, as a program that is busy with one disk attaches the other one slowly.
  for (const [disk] of DISKS) await user.ask("churn", { disk, lanes: LANES, span: MIB });
  await pause(WHILE[time % WHILE.length]!);
}

/** Ends what was begun by {@linkcode use}: it must have worked. */
async function finish(user: User): Promise<void> {
  for (const [disk] of DISKS) {
    const { rounds, wrong, failures } = await user.ask("churned", { disk, stop: true });
    assertEquals([wrong, failures], [0, []]);
    assert(rounds > 0, "nothing was written and read");
    await user.ask("detach", { disk });
  }
}

export function declare({ test }: Suite, cast: Cast): void {
  const disks: KernelDisk[] = [];
  test("the kernel's backend serves two disks for programs that are killed", async () => {
    for (const [disk] of DISKS) disks.push(await KernelDisk.create(cast.domid, disk, LANES * MIB));
  });
  // Each is a test, as each starts a program, which takes long under emulation.
  for (let time = 0; time < TIMES; time++) {
    test(`our frontend attaches to the kernel's backend and is killed, ${time + 1} of ${TIMES}`, async () => {
      const victim = await startUserIn(cast.domu, "Deno");
      await use(victim, time);
      await victim.kill();
    });
  }
  test("after them, a frontend finds both disks whole, and leaves nothing granted", async () => {
    const user = await cast.user();
    await use(user, 0);
    await finish(user);
    for (const disk of disks) {
      await assertWhole(disk.loop.path);
      await disk.remove();
    }
    await cast.domu.call("assertNothingGranted");
  });

  const pathOf = (disk: string) => `/tmp/${disk}.served.img`;
  let server: User | undefined;
  test("our backend serves two disks", async () => {
    for (const [disk] of DISKS) {
      await createFile(pathOf(disk), LANES * MIB);
      await createDisk(denoDomain(), cast.domid, disk);
    }
    server = await serve(pathOf, cast.domid);
    await use(await cast.user(), 0);
  });
  for (let time = 1; time <= TIMES; time++) {
    test(`our backend is killed, and our frontend uses the next one, ${time} of ${TIMES}`, async () => {
      const user = await cast.user();
      await server!.kill();
      server = await serve(pathOf, cast.domid);
      for (const [disk] of DISKS) {
        // The frontend learns it from the next backend.
        assertEquals(await user.ask("closed", { disk }), "detached");
        const { wrong, failures } = await user.ask("churned", { disk, stop: false });
        assertEquals([wrong, failures.length], [0, LANES]);
        assert(failures.every((failure: string) => failure.startsWith("detached")), String(failures));
      }
      await use(user, time);
    });
  }
  test("after them, both files are whole, and nothing is left granted", async () => {
    await finish(await cast.user());
    for (const [disk] of DISKS) {
      assertEquals(await removeDevice(denoDomain(), placeOfDisk(disk, cast.domid)), true);
      await server!.ask("unserve", { disk, wait: true });
    }
    await server!.end();
    for (const [disk] of DISKS) await assertWhole(pathOf(disk));
    await cast.domu.call("assertNothingGranted");
  });
}

/** Starts a program that serves both disks. */
async function serve(pathOf: (disk: string) => string, frontend: number): Promise<User> {
  const server = startUser("Deno");
  for (const [disk] of DISKS) await server.ask("serve", { frontend, disk, path: pathOf(disk), readOnly: false });
  return server;
}
