// What goes wrong, and how it reads
//
// Every error says what could not be done and why, and what to do if the program can do something. A program looks at
// its code. A wrong argument, a mistake in the program, is a TypeError or a RangeError, with the code
// “invalid-argument”.

import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";

const xen = new MockXen();
const allocator = new GrantDevice(xen.domain(1)).open();
const mapper = new GrantMapper(xen.domain(0));

async function attempt(what) {
  try {
    await what();
    console.log("no error");
  } catch (error) {
    console.log(error.code, "–", error.message);
  }
}

// A reference that nobody has granted.
await attempt(() => mapper.map(1, [99]));

// A page that was granted for reading only.
const share = allocator.share(0);
await attempt(() => mapper.map(1, share.grefs, { writable: true }));

// A page that was granted to somebody else.
await attempt(() => new GrantMapper(xen.domain(2)).map(1, share.grefs));

// An allocator that was closed.
allocator.close();
await attempt(() => allocator.allocate(0));

// A number out of bounds.
await attempt(() => allocator.allocate(0, { pages: 0 }));

// The last error is not caught: it ends the program, and its line is marked.
mapper.map(1, [99]);

// Shows:
// 8 → domain 0: granted

// Prints:
// map-refused – Cannot map: domain 1 has no grant with reference 99.
// map-refused – Cannot map: reference 8 is granted read-only. Map it without `writable`, or allocate it with `writable: true`.
// map-refused – Cannot map: reference 8 is granted to domain 0, and this is domain 2.
// closed – Cannot allocate: the allocator is closed. Open another one on the device.
// invalid-argument – Cannot allocate as `pages` must be a whole number from 1 to 4294967295: current value is 0
