// The limit
//
// The driver lets all programs of a domain together grant only so many pages, here four. A call that would go over the
// limit is refused as a whole. Its error says what to do. Try “fills its table” for domain 1 while the program runs.

import { GrantDevice } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";

const xen = new MockXen({ limit: 4 });
const allocator = new GrantDevice(xen.domain(1)).open();

const three = allocator.allocate(0, { pages: 3 });
console.log("granted", three.grefs);

// Two more do not fit: none of them is granted.
try {
  allocator.allocate(0, { pages: 2 });
} catch (error) {
  console.log(error.code);
  console.log(error.message);
}

// The way out: free some.
three.free();
const two = allocator.allocate(0, { pages: 2 });
console.log("granted", two.grefs);

// Shows:
// 3 of 4 pages
// 8 to 10 → domain 0: granted

// Prints:
// granted [8, 9, 10]
// kernel-limit-reached
// Cannot allocate 2 pages: the limit is 4 and 3 are in use. Free pages, or raise `limit` of MockXen's domain 1.
// granted [10, 9]
