// Wake the other side
//
// An event means “look”: it carries no data, and several may arrive as one. Domain 0 waits, which takes no time of the
// processor. Domain 1 writes first, and then sends the event.

import { EventChannels, GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";

const xen = new MockXen();
const share = new GrantDevice(xen.domain(1)).open().share(0);
const bell = new EventChannels(xen.domain(1)).bindUnbound(0);

// Domain 0 needs the reference of the page and the port of the channel.
const view = new GrantMapper(xen.domain(0)).map(1, share.grefs);
const ear = new EventChannels(xen.domain(0)).bindInterdomain(1, bell.port);

// Look before each wait: the event may have come earlier, or for no reason.
async function other(last) {
  while (view.read(0, 1)[0] === last) await ear.wait();
  return view.read(0, 1)[0];
}

// Domain 0 sleeps, until domain 1 wakes it.
const woken = other(0);
share.bytes[0] = 1;
bell.notify();
console.log("domain 0 was woken and reads", await woken);

// It does not listen now, and looks later: two events, one answer.
share.bytes[0] = 2;
bell.notify();
share.bytes[0] = 3;
bell.notify();
console.log("domain 0 looks and reads", await other(1));

// Domain 0 sends nothing: a wait can have a limit.
await bell.wait({ timeout: 300 }).catch((error) => console.log("nobody answers:", error.name));

// Shows:
// port 1 ↔ port 1 of domain 0
// 8 → domain 0: mapped

// Prints:
// domain 0 was woken and reads 1
// domain 0 looks and reads 3
// nobody answers: TimeoutError
