// A domain moves
//
// When a domain is saved and restored, or migrates, its program goes on and is not told. But it has a new number,
// and nobody can map its pages by their old references: it must share them anew.

import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";

const xen = new MockXen();
const domain = xen.domain(1);
const allocator = new GrantDevice(domain).open();
const mapper = new GrantMapper(xen.domain(0));

const pages = allocator.allocate(0);
const before = mapper.map(1, pages.grefs);

domain.saveAndRestore({ domid: 7 });
console.log("domain 1 is now domain", domain.domid);

try {
  mapper.map(7, pages.grefs);
} catch (error) {
  console.log("the old reference:", error.code);
}

// The way out: free the page, and grant a new one.
pages.free();
before.unmap();
const next = allocator.allocate(0);
console.log("a new reference:", mapper.map(7, next.grefs).count, "page is mapped");

// Shows:
// Domain 7
// 8 → domain 0: void

// Prints:
// domain 1 is now domain 7
// the old reference: map-refused
// a new reference: 1 page is mapped
