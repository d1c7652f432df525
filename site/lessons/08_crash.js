// A crash
//
// A program can ask its kernel to clear a byte and to send an event when its page goes, even if it crashes. Domain 1's
// program is killed here, and domain 0 learns of it. (When a whole domain is destroyed, no event tells its peers.)

import { EventChannels, GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";

const xen = new MockXen();
const program = xen.domain(1).process();

const bell = new EventChannels(program).bindUnbound(0);
const unmapNotify = { clearByte: 0, eventPort: bell.port };
const share = new GrantDevice(program).open().share(0, { unmapNotify });
share.bytes[0] = 1; // as long as this is 1, the program lives

const view = new GrantMapper(xen.domain(0)).map(1, share.grefs);
const ear = new EventChannels(xen.domain(0)).bindInterdomain(1, bell.port);
console.log("alive:", view.read(0, 1)[0] === 1);

program.kill();
while (view.read(0, 1)[0] === 1) await ear.wait();
console.log("alive:", view.read(0, 1)[0] === 1);

// The page is still there for domain 0, until it lets go.
view.unmap();

// Shows:
// 8 → domain 0: freed, but still mapped

// Prints:
// alive: true
// alive: false
