// Find each other
//
// References and ports are numbers that the other side must learn. XenStore, a tree of small values that all domains
// reach, is where it looks: domain 1 writes the reference there, for domain 0 alone, and domain 0 waits for the node.

import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";
import { XenStore } from "@gntalloc/gntalloc/xenstore";

const xen = new MockXen();

async function serve(domain) {
  const share = new GrantDevice(domain).open().share(0);
  share.bytes.set(new TextEncoder().encode("found"));
  const store = await XenStore.open(domain);
  await store.mkdir("data/hello");
  await store.setPermissions("data/hello", [{ domid: 1, access: "none" }, { domid: 0, access: "read" }]);
  await store.write("data/hello/gref", share.grefs[0]);
}

async function look(domain) {
  const store = await XenStore.open(domain);
  const gref = await store.waitFor("/local/domain/1/data/hello/gref");
  console.log("the store says", gref);
  const view = new GrantMapper(domain).map(1, [Number(gref)]);
  console.log("the page says", new TextDecoder().decode(view.read(0, 5)));
}

await Promise.all([look(xen.domain(0)), serve(xen.domain(1))]);

// Shows:
// /local/domain/1/data/hello/
// gref = 8

// Prints:
// the store says 8
// the page says found
