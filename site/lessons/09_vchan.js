// A channel of bytes
//
// vchan is the protocol of Xen's libxenvchan: a stream of bytes in each direction, over shared pages and an event
// channel. The server publishes the reference and the port in XenStore, where the client finds them.

import { MockXen } from "@gntalloc/gntalloc/mock";
import { Vchan, VchanServer } from "@gntalloc/gntalloc/vchan";

const xen = new MockXen();
const server = await VchanServer.listen(xen.domain(1), 0, { path: "chat" });
const client = await Vchan.connect(xen.domain(0), 1, { path: "chat" });
const connection = await server.accept();

// Page 8 has the counters, and page 9 the bytes that go to the server.
await client.write(new TextEncoder().encode("How are you?"));
const bytes = new Uint8Array(64);
let count = await connection.read(bytes);
console.log("the server reads", new TextDecoder().decode(bytes.subarray(0, count)));

// Those that go to the client are in page 17.
await connection.write(new TextEncoder().encode("Fine, thanks."));
count = await client.read(bytes);
console.log("the client reads", new TextDecoder().decode(bytes.subarray(0, count)));

// One side closes: the other one reads the end of the stream.
connection.close();
console.log("and then", await client.read(bytes));
client.close();
await server.close();

// Shows:
// 8 to 24 → domain 0, writable: mapped
// How are
// Page 17
// Fine, th
// /local/domain/1/data/vchan/0/chat/

// Prints:
// the server reads How are you?
// the client reads Fine, thanks.
// and then null
