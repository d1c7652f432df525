// Calls that fail halfway
//
// To see whether a program cleans up, make calls fail. Here, granting fails after two of three pages, and the library
// takes both back: nothing is lost. The button “fails once” makes the next call that grants, maps, copies or binds
// fail as a whole.

import { GrantDevice } from "@gntalloc/gntalloc";
import { Faults } from "@gntalloc/gntalloc/faults";
import { MockXen } from "@gntalloc/gntalloc/mock";

const xen = new MockXen();
const faults = new Faults();
const device = new GrantDevice(faults.wrap(xen.domain(1)));
const allocator = device.open();

faults.fail("grant", { afterPages: 2 });
try {
  allocator.allocate(0, { pages: 3 });
} catch (error) {
  console.log(error.code, "and", device.inspect().live, "pages are left");
}

// The same call again: the rule applied once.
const pages = allocator.allocate(0, { pages: 3 });
console.log("granted", pages.count);

// A peer that keeps a page mapped, until it lets go.
const peer = faults.hold({ grefs: [pages.grefs[1]] });
pages.free();
console.log("pending:", device.inspect().pending);
peer.clear();
device.close();
console.log("pending:", device.inspect().pending);
xen.assertClean();

// Shows:
// 8 to 10 → domain 0: granted

// Prints:
// backend-failed and 0 pages are left
// granted 3
// pending: 1
// pending: 0
