/** The least that shares a page: what a program pays for that uses the simulated machine alone. */

import { GrantDevice } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";

const device = new GrantDevice(new MockXen().domain(1));
console.log(device.open().allocate(0).grefs);
