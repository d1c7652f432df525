// Share a page
//
// Xen runs virtual machines, which it calls domains. Domain 1 grants a page of its memory to domain 0, and writes into
// it. Domain 0 maps the page by its reference, a number, and reads the text: both see the same memory. Press Run, or
// Step for one statement at a time.

import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";

const xen = new MockXen();

// Domain 1 shares a page with domain 0.
const device = new GrantDevice(xen.domain(1));
const share = device.open().share(0, { writable: true });
share.bytes.set(new TextEncoder().encode("hello"));

// Domain 0 maps it, by the domain and the reference.
const mapper = new GrantMapper(xen.domain(0));
const theirs = mapper.map(1, share.grefs, { writable: true });
console.log("domain 0 reads", new TextDecoder().decode(theirs.read(0, 5)));

// Domain 0 answers in the same page.
theirs.bytes.set(new TextEncoder().encode("hi there"), 16);
console.log("domain 1 reads", new TextDecoder().decode(share.bytes.slice(16, 24)));

// Both let go: nothing is left.
theirs.unmap();
share.release();
xen.assertClean();

// Shows:
// 8 → domain 0, writable: mapped
// 8 of domain 1, writable
// hello···

// Prints:
// domain 0 reads hello
// domain 1 reads hi there
