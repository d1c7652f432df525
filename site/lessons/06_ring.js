// A ring with events
//
// Two domains exchange messages through one page. For each direction it has a counter of what was sent, one of what
// was received, and eight slots. Whoever puts a message into a slot raises the first counter and sends an event;
// whoever takes one raises the second. The server answers each number with its square.

import { EventChannels, GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";

const SLOTS = 8;
const xen = new MockXen();

/** One direction: bytes 0 and 1 are the counters, the slots follow. */
function ring(bytes) {
  return {
    isEmpty: () => bytes[0] === bytes[1],
    put(value) {
      bytes[16 + bytes[0] % SLOTS] = value;
      bytes[0]++;
    },
    take: () => bytes[16 + bytes[1]++ % SLOTS],
  };
}

async function client(domain) {
  const share = new GrantDevice(domain).open().share(0, { writable: true });
  const channel = new EventChannels(domain).bindUnbound(0);
  const [requests, answers] = [ring(share.bytes), ring(share.bytes.subarray(32))];
  const serving = server(xen.domain(0), share.grefs, channel.port);
  for (const number of [3, 5, 7]) {
    requests.put(number);
    channel.notify();
    // Check the memory before each wait: an event may have come earlier.
    while (answers.isEmpty()) await channel.wait();
    console.log(`${number} × ${number} = ${answers.take()}`);
  }
  await serving;
}

async function server(domain, grefs, port) {
  const view = new GrantMapper(domain).map(1, grefs, { writable: true });
  const channel = new EventChannels(domain).bindInterdomain(1, port);
  const [requests, answers] = [ring(view.bytes), ring(view.bytes.subarray(32))];
  for (let served = 0; served < 3; served++) {
    while (requests.isEmpty()) await channel.wait();
    // The other side may change the page at any moment: read once, then check, then use.
    const number = requests.take();
    if (number < 16) answers.put(number * number);
    channel.notify();
  }
}

await client(xen.domain(1));

// Shows:
// 8 → domain 0, writable: mapped
// port 1 ↔ port 1 of domain 0

// Prints:
// 3 × 3 = 9
// 5 × 5 = 25
// 7 × 7 = 49
