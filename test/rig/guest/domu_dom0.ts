/** Runs in dom0, beside real domUs. Each side shares pages with the other, and some sides die in the middle. */

import { denoDomain } from "../../../backends/deno.ts";
import { GrantDevice, GrantMapper, PAGE_SIZE } from "../../../mod.ts";
import { assert, assertEquals, assertRefused } from "../../conformance/asserts.ts";
import { readLines, spawnExample, spawnNodeExample } from "./child.ts";
import { declare as declareConversations } from "./conversations.ts";
import { type Domu, startDomu } from "./domu.ts";
import { assertNothingGranted } from "./limit.ts";
import { declare as declareRing } from "./ring.ts";
import { run, type Suite } from "./runner.ts";
import { declare as declareSharing } from "./sharing.ts";
import { declare as declareStore } from "./store_conformance.ts";
import { until, untilRefused } from "./until.ts";
import * as xl from "./xl.ts";

/** The last lines of the example's granter. */
const ANSWERED = [
  "the granter reads the answer in the second page: hello from the peer",
  "the granter frees the pages: 0 stay shared",
];

export function declare(suite: Suite): void {
  const { test } = suite;
  const device = new GrantDevice(denoDomain());
  const mapper = new GrantMapper(denoDomain());
  let domu: Domu;

  test("a domU boots and takes commands", async () => {
    domu = await startDomu("first");
    const error = await domu.call("nonsense").then(() => "", String);
    assert(error.includes("there is no command nonsense"), error);
  });

  /** Run one side of the example in dom0, or in the domU by a command. */
  const inDom0 = { Deno: (args: string[]) => spawnExample("share.ts", args), Node: spawnNodeExample };
  const inDomu = {
    Deno: (args: string[]) => domu.call("example", { args }),
    Node: (args: string[]) => domu.call("nodeExample", { args }),
  };
  for (const [ofDomu, ofDom0] of [["Deno", "Deno"], ["Deno", "Node"], ["Node", "Deno"]] as const) {
    test(`the example runs between ${ofDomu} in the domU and ${ofDom0} in dom0, either way`, async () => {
      const granter = await inDomu[ofDomu](["serve", "hello"]);
      assertShares(granter.said, 0);
      const reader = await inDom0[ofDom0](["connect", String(domu.domid), "hello"]);
      assertEquals(reader.said, `the peer maps the pages of domain ${domu.domid} and reads: hello from the granter`);
      assertEquals(await readLines(reader.pid), []);
      assertEquals((await domu.call("readLines", { pid: granter.pid })).slice(-2), ANSWERED);

      const sharer = await inDom0[ofDom0](["serve", "hello", "--to", String(domu.domid)]);
      assertShares(sharer.said, domu.domid);
      const peer = await inDomu[ofDomu](["connect", "0", "hello"]);
      assertEquals(peer.said, "the peer maps the pages of domain 0 and reads: hello from the granter");
      assertEquals(await domu.call("readLines", { pid: peer.pid }), []);
      assertEquals((await readLines(sharer.pid)).slice(-2), ANSWERED);
    });
  }

  declareSharing(suite, () => domu);

  test("a page that the domU frees while dom0 maps it stays until dom0 unmaps it", async () => {
    const { handle, grefs } = await domu.call("share", { peer: 0, pages: 2, writable: true });
    await domu.call("notify", { handle, page: 1, clearByte: 1 });
    const theirs = mapper.map(domu.domid, grefs, { writable: true });
    theirs.bytes.fill(7);
    await domu.call("free", { handle, range: { start: 1, count: 1 } });
    assertEquals([...theirs.read(PAGE_SIZE, 3)], [7, 0, 7], "the notify has cleared one byte");
    // While dom0 has one mapping, it can make another.
    const again = mapper.map(domu.domid, [grefs[1]]);
    assertEquals([...again.read(0, 3)], [7, 0, 7]);
    theirs.unmap();
    again.unmap();
    await untilRefused(mapper, domu.domid, grefs[1]);
    mapper.map(domu.domid, [grefs[0]]).unmap();
    await domu.call("free", { handle });
  });

  test("a page that dom0 frees while the domU maps it stays until the domU unmaps it", async () => {
    const allocator = device.open();
    const pages = allocator.allocate(domu.domid, { pages: 2, writable: true });
    const mapping = await domu.call("mapPeer", { domid: 0, grefs: pages.grefs, writable: true });
    await domu.call("write", { mapping, offset: 0, bytes: [7] });
    pages.free();
    assertEquals(device.inspect().live, 0);
    allocator.close();
    // The driver does not count the page any more, but the domU still reads what it wrote.
    assertNothingGranted();
    assertEquals(await domu.call("read", { mapping, offset: 0, length: 1 }), [7]);
    await domu.call("unmap", { mapping });
    await until(async () => {
      const again = await domu.call("mapPeer", { domid: 0, grefs: pages.grefs, writable: true });
      if (again === "map-refused") return true;
      await domu.call("unmap", { mapping: again });
      return false;
    });
  });

  test("a granter that is killed in the domU notifies dom0, which keeps its mapping, and leaves no page", async () => {
    const { pid, said } = await domu.call("spawn", { script: "hold.ts", args: ["0", "2"] });
    const theirs = mapper.map(domu.domid, said.grefs, { writable: true });
    assertEquals([theirs.bytes[0], theirs.bytes[PAGE_SIZE]], [1, 2]);
    await domu.call("kill", { pid });
    assertEquals([theirs.bytes[0], theirs.bytes[PAGE_SIZE]], [1, 0]);
    theirs.bytes[0] = 3;
    theirs.unmap();
    await untilRefused(mapper, domu.domid, said.grefs[0]);
  });

  test("a peer that is killed in the domU releases dom0's pages", async () => {
    const allocator = device.open();
    const pages = allocator.allocate(domu.domid, { writable: true });
    const ours = pages.map();
    const { pid } = await domu.call("spawn", { script: "map_page.ts", args: ["0", String(pages.grefs[0])] });
    assertEquals(ours.bytes[0], 1, "the peer has written");
    await domu.call("kill", { pid });
    ours.unmap();
    allocator.close();
    assertEquals(await domu.call("mapPeer", { domid: 0, grefs: pages.grefs, writable: true }), "map-refused");
    assertNothingGranted();
  });

  declareConversations(suite, () => domu);
  declareRing(suite, () => domu);
  declareStore(suite, () => domu);

  test("a domU grants nothing when its program has closed its allocator", async () => {
    const report = await domu.call("finish");
    assertEquals([report.live, report.mapped, report.pending], [0, 0, 0]);
  });

  test("a domU that is destroyed leaves dom0 the pages that it maps until it unmaps them", async () => {
    const second = await startDomu("second");
    assertEquals(await denoDomain().isAlive(second.domid), true);
    const { grefs } = await second.call("share", { peer: 0, pages: 2, writable: true });
    const theirs = mapper.map(second.domid, grefs, { writable: true });
    theirs.bytes.fill(5);
    await second.destroy();
    assertEquals(await denoDomain().isAlive(second.domid), false, "a dying domain is gone");
    assert(theirs.bytes.every((byte) => byte === 5), "the page is still there");
    theirs.bytes[0] = 6;
    // While one of its pages is mapped, the domain keeps dying, and its grants can still be mapped.
    const again = mapper.map(second.domid, grefs);
    assertEquals([...again.read(0, 2)], [6, 5]);
    again.unmap();
    theirs.unmap();
    await until(async () => (await xl.list()).every(({ domid }) => domid !== second.domid));
    assertRefused(() => mapper.map(second.domid, grefs), "map-refused");
  });

  test("a domU that is destroyed releases dom0's pages", async () => {
    const third = await startDomu("third");
    const allocator = device.open();
    const pages = allocator.allocate(third.domid, { writable: true });
    const mapping = await third.call("mapPeer", { domid: 0, grefs: pages.grefs, writable: true });
    await third.call("write", { mapping, offset: 0, bytes: [8] });
    await third.destroy();
    assertEquals(await denoDomain().isAlive(third.domid), false);
    const ours = pages.map();
    assertEquals(ours.bytes[0], 8);
    ours.unmap();
    pages.free();
    allocator.close();
    assertNothingGranted();
    assertEquals((await xl.list()).map(({ name }) => name).includes("first"), true);
  });
}

/** Checks the first line of the example's granter. */
function assertShares(said: string, peer: number): void {
  const match = /^the granter shares 2 pages with domain (\d+): grefs \d+ \d+$/.exec(said);
  assert(match?.[1] === String(peer), `the granter says ${said}`);
}

if (import.meta.main) await run(declare);
