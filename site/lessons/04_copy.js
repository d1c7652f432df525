// Copy instead of map
//
// To move a few bytes, a domain need not map anything: Xen copies them, and says for each segment whether it could.
// Watch the list of mappings of domain 0, which stays empty.

import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";

const xen = new MockXen();
const share = new GrantDevice(xen.domain(1)).open().share(0, { pages: 2, writable: true });
share.bytes.set([1, 2, 3, 4]);
const [first, second] = share.grefs;

const mapper = new GrantMapper(xen.domain(0));
const bytes = new Uint8Array(4);
console.log(mapper.copy([{ from: { domid: 1, gref: first }, to: bytes }]), bytes);

// Bytes of its own into the page of the other domain.
mapper.copy([{ from: Uint8Array.of(9, 8, 7), to: { domid: 1, gref: second, offset: 16 } }]);
console.log("domain 1 finds", share.bytes.slice(4096 + 16, 4096 + 19));

// A reference that nobody has granted: this segment fails, and the others do not.
console.log(
  mapper.copy([
    { from: { domid: 1, gref: 77 }, to: bytes },
    { from: { domid: 1, gref: first, offset: 1 }, to: bytes },
  ]),
  bytes,
);

// Shows:
// 8 to 9 → domain 0, writable: granted

// Prints:
// ["okay"] [1, 2, 3, 4]
// domain 1 finds [9, 8, 7]
// ["general_error", "okay"] [2, 3, 4, 0]
