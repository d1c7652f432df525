/** The smallest program that shares a page on the simulated Xen. The bench bundles it and measures the bundle. */

import { GrantDevice } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";

const device = new GrantDevice(new MockXen().domain(1));
console.log(device.open().allocate(0).grefs);
