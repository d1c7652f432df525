// Wake the other side
//
// An event means “look”: it carries no data, and several may arrive as one. Domain 0 waits, and takes no time of the
// processor. Domain 1 writes first, and sends the event then.

import { EventChannels, GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";

const xen = new MockXen();
const share = new GrantDevice(xen.domain(1)).open().share(0);
const bell = new EventChannels(xen.domain(1)).bindUnbound(0);

// Domain 0 needs the reference of the page and the port of the channel.
const view = new GrantMapper(xen.domain(0)).map(1, share.grefs);
const ear = new EventChannels(xen.domain(0)).bindInterdomain(1, bell.port);

async function listen() {
  let last = 0;
  while (last < 2) {
    // Look before each wait: the event may have come earlier, or for no reason.
    while (view.read(0, 1)[0] === last) await ear.wait();
    last = view.read(0, 1)[0];
    console.log("domain 0 was woken and reads", last);
  }
}

const listening = listen();
share.bytes[0] = 1;
bell.notify();

// Domain 0 answers nothing: a wait can have a limit.
await bell.wait({ timeout: 300 }).catch((error) => console.log("nobody answers:", error.name));

share.bytes[0] = 2;
bell.notify();
await listening;

// Shows:
// port 1 ↔ port 1 of domain 0
// 8 → domain 0: mapped

// Prints:
// domain 0 was woken and reads 1
// nobody answers: TimeoutError
// domain 0 was woken and reads 2
