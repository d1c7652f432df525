/** The smallest program that shares a page on the simulated Xen. Its bundle shows the least a program pays. */

import { GrantDevice } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";

const device = new GrantDevice(new MockXen().domain(1));
console.log(device.open().allocate(0).grefs);
