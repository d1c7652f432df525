/**
 * Runs in dom0, beside PV domUs that are saved and restored: see "Suspend, resume and migration" in docs/semantics.md.
 * Each domU runs one verb of `../suspend/suspend.c`. Dom0 is its peer, with this library.
 */

import { denoDomain } from "../../../backends/deno.ts";
import { EventChannels, GrantDevice, GrantMapper } from "../../../mod.ts";
import { assert, assertEquals, assertRefused } from "../../conformance/asserts.ts";
import { run, type Suite } from "./runner.ts";
import { type Domu, startDomu } from "./suspended_domu.ts";
import { until } from "./until.ts";
import * as xl from "./xl.ts";

const FILE = "/tmp/saved";
const BUG = /kernel BUG at drivers\/xen\/evtchn\.c/;

/** Saves and restores a domain. Returns its new number. */
async function restored(name: string): Promise<number> {
  await xl.save(name, FILE);
  return await xl.restore(name, FILE);
}

export function declare({ test }: Suite): void {
  const domain = denoDomain();
  let device: GrantDevice, mapper: GrantMapper, events: EventChannels;

  test("opens the devices", () => {
    device = new GrantDevice(domain);
    mapper = new GrantMapper(domain);
    events = new EventChannels(domain);
  });

  /** Maps the page and binds to the port of the domU, sends an event, and receives one. */
  const meet = async (domu: Domu, when: string) => {
    const [gref, port] = await domu.offer(when);
    const theirs = mapper.map(domu.domid, [gref!]);
    assertEquals(new TextDecoder().decode(theirs.read(0, 6)), "shared");
    const channel = events.bindInterdomain(domu.domid, port!);
    await channel.wait();
    channel.notify();
    await channel.wait({ timeout: 30_000 });
    channel.unbind();
    theirs.unmap();
    await domu.tell("close");
  };

  test("a program that closes everything before can set it up again", async () => {
    await using domu = await startDomu("prepared");
    await meet(domu, "before");
    await domu.offer("closed");
    const before = domu.domid;
    await domu.resumed(await restored(domu.name));
    assert(domu.domid !== before, `it has the domid ${before} again`);
    await meet(domu, "after");
    const shared = ["notify: 0", "free: 0", "unbind: 0"];
    assertEquals(await domu.end(), [
      ...["before: an event arrives", ...shared, "resumed, with nothing open", "after: an event arrives", ...shared],
      ...["done", "status 0"],
    ]);
  });

  test("references are void, and the peer keeps the pages that it maps", async () => {
    await using domu = await startDomu("grants");
    const [first, , second] = await domu.offer("before") as [number, number, number];
    const theirs = mapper.map(domu.domid, [first], { writable: true });
    const before = domu.domid;
    await domu.resumed(await restored(domu.name));
    const [next] = await domu.offer("after") as [number];

    assertEquals(new TextDecoder().decode(theirs.bytes.subarray(0, 14)), "from the owner");
    theirs.bytes[0] = 1;
    const again = mapper.map(before, [first]);
    assertEquals([...again.read(0, 1)], [1]);
    again.unmap();
    mapper.map(domu.domid, [next]).unmap();
    for (const gref of [first, second]) assertRefused(() => mapper.map(domu.domid, [gref]), "map-refused");
    assertRefused(() => mapper.map(before, [second]), "map-refused");
    const copied = [[domu.domid, first], [before, first], [before, second]].map(([domid, gref]) =>
      mapper.copy([{ from: { domid: domid!, gref: gref!, offset: 0 }, to: new Uint8Array(1) }])[0]
    );
    assertEquals(copied, ["general_error", "bad_domain", "bad_page"]);

    await domu.tell("close");
    assertEquals(await domu.end(), [
      ...["notify of page 2: 0", "resumed, with grants", "the owner reads: from the owner"],
      ...["and in a new mapping: from the owner", "a new reference is new"],
      ...["free page 1: 0", "free page 0: 0", "free page 2: 0", "free the new page: 0"],
      ...["the next reference is an old one", "close: 0", "done", "status 0"],
    ]);
    assert((await xl.list()).some(({ domid }) => domid === before), "the old domain is gone");
    theirs.unmap();
    await until(async () => (await xl.list()).every(({ domid }) => domid !== before));
  });

  test("ports are void, and the kernel crashes when their file is closed", async () => {
    await using domu = await startDomu("ports");
    const [, port] = await domu.offer("before");
    const theirs = events.bindInterdomain(domu.domid, port!);
    await theirs.wait();
    theirs.notify();
    await xl.save(domu.name, FILE);
    theirs.notify();
    await domu.resumed(await xl.restore(domu.name, FILE));
    theirs.notify();
    const [, next] = await domu.offer("after");
    const channel = events.bindInterdomain(domu.domid, next!);
    await channel.wait();
    channel.notify();
    await channel.wait({ timeout: 30_000 });
    assertEquals(theirs.poll(), false);
    await domu.tell("close");
    assertEquals(await domu.crash(BUG), [
      ...["an early event: 1", "resumed, with a port", "the early event: 1", "unmask: 4", "event: 0", "notify: 0"],
      "unmap notify: EINVAL",
      ...["a new file binds the same number", "event in the new file: 1", "event in the old file: 0"],
      ...["notify through the old file: 0", "unbind in the new file: 0", "close"],
    ]);
    for (const one of [theirs, channel]) one.unbind();
  });

  test("the kernel crashes when an old port is unbound", async () => {
    await using domu = await startDomu("unbind");
    await domu.offer("before");
    await domu.resumed(await restored(domu.name));
    assertEquals(await domu.crash(BUG), ["resumed, with a port", "unbind"]);
  });

  test("an old file that is to bind a number that it has refuses, and forgets all its ports", async () => {
    await using domu = await startDomu("bind");
    await domu.offer("before");
    await domu.resumed(await restored(domu.name));
    const [, live] = await domu.offer("after");
    const channel = events.bindInterdomain(domu.domid, live!);
    await channel.wait();
    channel.notify();
    await domu.offer("refused");
    channel.notify();
    await domu.said(/^- event: 1[^]*^- event: 1[^]*^- unmask/m);
    channel.notify();
    domu.tell("masked");
    assertEquals(await domu.end(), [
      ...["unbind the first port: 0", "resumed, with the second port", "the old file binds the first number"],
      ...["event: 1", "unmask: 4", "bind: EEXIST", "notify: ENOTCONN", "notify the old port: ENOTCONN"],
      ...["unbind: ENOTCONN", "unbind the old port: ENOTCONN", "event: 1", "unmask: 4", "event: 0"],
      ...["the next port has the old number", "close: 0", "done", "status 0"],
    ]);
    // Nobody has unbound the port: the peer's events still reach it.
    assertEquals(channel.poll(), false);
    channel.unbind();
  });

  test("a page's old notify takes a new port of the same number away", async () => {
    await using domu = await startDomu("order");
    await domu.offer("before");
    await domu.resumed(await restored(domu.name));
    const [, next] = await domu.offer("after");
    const channel = events.bindInterdomain(domu.domid, next!);
    await channel.wait();
    channel.notify();
    // The program frees the page.
    await channel.wait({ timeout: 30_000 });
    await domu.said(/^- free/m);
    channel.notify();
    await domu.tell("close");
    assertEquals(await domu.crash(BUG), [
      ...["unmap notify: 0", "resumed, with an unmap notify", "a new file binds the same number", "event: 1"],
      ...["unmask: 4", "free: 0", "event: 0", "unbind the new port"],
    ]);
    channel.unbind();
  });

  for (
    const [verb, what, crash, said] of [
      ["mapping", "a mapping can be unmapped once its notify is cancelled", undefined, [
        ...["unmap notify: 0", "resumed, with a mapping", "cancel: 0", "unmap: 0", "close: 0", "done", "status 0"],
      ]],
      ["touch", "a program that reads a mapping dies", undefined, [
        ...["resumed, with a mapping", "touch", "status 135"],
      ]],
      [
        "clear",
        "the kernel crashes when a mapping is unmapped whose notify clears a byte",
        /unable to handle page fault/,
        [
          ...["unmap notify: 0", "resumed, with a mapping", "unmap"],
        ],
      ],
    ] as const
  ) {
    test(what, async () => {
      await using domu = await startDomu(verb);
      const allocator = device.open();
      const pages = allocator.allocate(domu.domid, { writable: true });
      await domu.tell("gref", pages.grefs[0]);
      await domu.offer("before");
      await xl.save(domu.name, FILE);
      // It is no longer mapped: its reference is free at once.
      pages.free();
      const next = allocator.allocate(0);
      assertEquals([...next.grefs], [...pages.grefs]);
      allocator.close();
      await domu.resumed(await xl.restore(domu.name, FILE));
      // The kernel warns of an unmap that Xen does not know.
      if (crash) assertEquals(await domu.crash(crash), [...said]);
      else {
        assertEquals(await domu.end(), [...said]);
        await domu.discardConsole();
      }
    });
  }

  test("a suspend that is cancelled changes nothing", async () => {
    await using domu = await startDomu("grants");
    const [first, , second] = await domu.offer("before") as [number, number, number];
    const theirs = mapper.map(domu.domid, [first]);
    await xl.checkpoint(domu.name, FILE);
    await domu.resumed(domu.domid);
    await domu.offer("after");
    assertEquals(new TextDecoder().decode(theirs.read(0, 14)), "written later!");
    mapper.map(domu.domid, [second]).unmap();
    theirs.unmap();
    await domu.tell("close");
    assertEquals((await domu.end()).at(-1), "status 0");
  });

  test("a domain that is destroyed takes the pages that nobody maps", async () => {
    await using domu = await startDomu("grants");
    const [first, , second] = await domu.offer("before") as [number, number, number];
    const theirs = mapper.map(domu.domid, [first]);
    await xl.destroy(domu.domid);
    mapper.map(domu.domid, [first]).unmap();
    assertRefused(() => mapper.map(domu.domid, [second]), "map-refused");
    const copied = mapper.copy([first, second].map((gref) => ({
      from: { domid: domu.domid, gref, offset: 0 },
      to: new Uint8Array(1),
    })));
    assertEquals(copied, ["bad_domain", "bad_page"]);
    theirs.unmap();
  });

  test("dom0 holds nothing at the end", () => {
    assertEquals(device.inspect().live, 0);
    events.close();
    mapper.close();
    device.close();
  });
}

if (import.meta.main) await run(declare);
