// The peer still holds it
//
// A page cannot be taken back while the peer, the domain to which it was granted, maps it. Domain 1 releases its page,
// and domain 0 still maps it: the row in the grant table says “freed, but still mapped”, and stays until domain 0 lets
// go. Its reference is not used again before that.

import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";

const xen = new MockXen();
const allocator = new GrantDevice(xen.domain(1)).open();
const share = allocator.share(0);
share.bytes.fill(0x58, 0, 16);

const mapper = new GrantMapper(xen.domain(0));
const theirs = mapper.map(1, share.grefs);

// Domain 1 releases the page. Domain 0 still reads it.
share.release();
console.log("domain 0 still reads", theirs.read(0, 4));

// A new page gets another reference: the old one is still in use.
const next = allocator.share(0);
console.log("the next page has reference", next.grefs[0]);

// Domain 0 lets go: now the page is taken back, and its reference is free.
theirs.unmap();
console.log("held pages:", xen.inspect().domains.flatMap(({ grants }) => grants).filter(({ held }) => held).length);

// Shows:
// 8 → domain 0: freed, but still mapped
// 9 → domain 0: granted

// Prints:
// domain 0 still reads [88, 88, 88, 88]
// the next page has reference 9
// held pages: 0
