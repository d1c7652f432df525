/** Whether another domain is there, as far as a domain can know. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice, GrantMapper } from "../../mod.ts";
import { PeerDomain } from "../../src/vchan/peer_domain.ts";
import { XenStore } from "../../src/xenstore/mod.ts";

/** What domain `own` sees of another one. */
async function watcher(xen: MockXen, own: number, place: { domid: number; gref?: number; node?: string }, period = 5) {
  const store = await XenStore.open(xen.domain(own));
  const mapper = new GrantMapper(xen.domain(own));
  const peer = new PeerDomain(store, mapper, place, period);
  const close = () => {
    peer.close();
    mapper.close();
    store.close();
    xen.assertClean();
  };
  return { peer, store, close };
}

const gone = (peer: PeerDomain) => new Promise<void>((resolve) => peer.whenGone(resolve));

describe.each([["domain 0", 0], ["a domU", 1]])("%s", (_, own) => {
  test("sees whether another domain is there, and when it goes", async () => {
    const xen = new MockXen();
    xen.domain(own);
    const { peer, close } = await watcher(xen, own, { domid: 2 });
    expect(await peer.isThere()).toBe(false);
    xen.domain(2);
    expect(await peer.isThere()).toBe(true);
    let calls = 0;
    const stop = peer.whenGone(() => calls++);
    const end = gone(peer);
    stop();
    xen.domain(2).destroy();
    await end;
    expect(calls).toBe(0);
    close();
  });

  test("sees that a domain is gone of which a page is still mapped", async () => {
    const xen = new MockXen();
    const device = new GrantDevice(xen.domain(2));
    const { grefs } = device.open().allocate(own);
    const mapping = new GrantMapper(xen.domain(own)).map(2, grefs);
    const { peer, close } = await watcher(xen, own, { domid: 2, gref: grefs[0]! });
    const end = gone(peer);
    xen.domain(2).destroy();
    await end;
    expect(await peer.isThere()).toBe(false);
    mapping.unmap();
    close();
  });
});

test("the end of a node makes a domU look at once, and is not taken for the end of the domain", async () => {
  const xen = new MockXen();
  using theirs = await XenStore.open(xen.domain(2));
  await theirs.write("data/node", 1);
  await theirs.setPermissions("data/node", [{ domid: 2, access: "none" }, { domid: 1, access: "read" }]);
  xen.domain(1);
  const { peer, close } = await watcher(xen, 1, { domid: 2, node: "/local/domain/2/data/node" }, 10_000);
  let isGone = false;
  const end = gone(peer).then(() => isGone = true);
  await theirs.remove("data/node");
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isGone).toBe(false);
  await theirs.write("data/node", 1);
  await theirs.setPermissions("data/node", [{ domid: 2, access: "none" }, { domid: 1, access: "read" }]);
  xen.domain(2).destroy();
  await end;
  close();
});

test("a domU without a page of the dead domain sees its end when no other domain maps its pages any more", async () => {
  const xen = new MockXen();
  xen.domain(1);
  const device = new GrantDevice(xen.domain(2));
  const { grefs } = device.open().allocate(3);
  const mapper = new GrantMapper(xen.domain(3));
  const mapping = mapper.map(2, grefs);
  const { peer, close } = await watcher(xen, 1, { domid: 2 });
  const end = gone(peer);
  xen.domain(2).destroy();
  expect(await peer.isThere()).toBe(true);
  mapping.unmap();
  await end;
  mapper.close();
  close();
});
