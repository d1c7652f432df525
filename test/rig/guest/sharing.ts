/** A domU and dom0 share pages in both directions, and each says whether the other is there. */

import { denoDomain } from "../../../backends/deno.ts";
import { GrantDevice, GrantMapper, PAGE_SIZE } from "../../../mod.ts";
import { assert, assertEquals, assertRefused } from "../../conformance/asserts.ts";
import type { Domu } from "./domu.ts";
import type { Suite } from "./runner.ts";
import { untilRefused } from "./until.ts";

/** Declares the tests for a domU that has booted when they run. */
export function declare({ test }: Suite, domu: () => Domu): void {
  const device = new GrantDevice(denoDomain());
  const mapper = new GrantMapper(denoDomain());

  test("domU granter, dom0 peer: each sees what the other writes", async () => {
    const { handle, grefs } = await domu().call("share", { peer: 0, pages: 3, writable: true });
    const mapping = await domu().call("mapOwn", { handle });
    const theirs = mapper.map(domu().domid, grefs, { writable: true });
    assert(theirs.bytes.every((byte) => byte === 0), "fresh pages are zeroed");
    await domu().call("write", { mapping, offset: PAGE_SIZE - 2, bytes: [1, 2, 3, 4] });
    assertEquals([...theirs.read(PAGE_SIZE - 2, 4)], [1, 2, 3, 4]);
    theirs.bytes.set([5, 6, 7], 3 * PAGE_SIZE - 3);
    assertEquals(await domu().call("read", { mapping, offset: 3 * PAGE_SIZE - 4, length: 4 }), [0, 5, 6, 7]);
    theirs.unmap();
    await domu().call("unmap", { mapping });
    await domu().call("free", { handle });
    await untilRefused(mapper, domu().domid, grefs[0]);
  });

  test("domU granter, dom0 peer: read-only is enforced", async () => {
    const { handle, grefs } = await domu().call("share", { peer: 0, pages: 1, writable: false });
    assertRefused(() => mapper.map(domu().domid, grefs, { writable: true }), "map-refused");
    const theirs = mapper.map(domu().domid, grefs);
    const mapping = await domu().call("mapOwn", { handle });
    await domu().call("write", { mapping, offset: 0, bytes: [9] });
    assertEquals(theirs.read(0, 1)[0], 9);
    theirs.unmap();
    await domu().call("unmap", { mapping });
    await domu().call("free", { handle });
  });

  test("dom0 granter, domU peer: each sees what the other writes", async () => {
    const pages = device.open().allocate(domu().domid, { pages: 3, writable: true });
    const ours = pages.map();
    const mapping = await domu().call("mapPeer", { domid: 0, grefs: pages.grefs, writable: true });
    ours.bytes.set([1, 2, 3, 4], PAGE_SIZE - 2);
    assertEquals(await domu().call("read", { mapping, offset: PAGE_SIZE - 2, length: 4 }), [1, 2, 3, 4]);
    await domu().call("write", { mapping, offset: 3 * PAGE_SIZE - 2, bytes: [5, 6] });
    assertEquals([...ours.read(3 * PAGE_SIZE - 3)], [0, 5, 6]);
    await domu().call("unmap", { mapping });
    ours.unmap();
    pages.free();
    assertEquals(await domu().call("mapPeer", { domid: 0, grefs: pages.grefs, writable: true }), "map-refused");
  });

  test("dom0 granter, domU peer: read-only is enforced, and so is the domain", async () => {
    const allocator = device.open();
    const { grefs } = allocator.allocate(domu().domid, { pages: 2 });
    assertEquals(await domu().call("mapPeer", { domid: 0, grefs, writable: true }), "map-refused");
    const mapping = await domu().call("mapPeer", { domid: 0, grefs, writable: false });
    assertEquals(await domu().call("read", { mapping, offset: 0, length: 1 }), [0]);
    await domu().call("unmap", { mapping });
    const others = allocator.allocate(domu().domid + 1, { writable: true });
    assertEquals(await domu().call("mapPeer", { domid: 0, grefs: others.grefs, writable: false }), "map-refused");
    allocator.close();
  });

  test("dom0 knows that the domU is there, and the domU knows only of itself", async () => {
    assertEquals(await denoDomain().isAlive(domu().domid), true);
    assertEquals(await domu().call("isAlive", { domid: domu().domid }), true);
    assertEquals(await domu().call("isAlive", { domid: 0 }), null);
  });
}
