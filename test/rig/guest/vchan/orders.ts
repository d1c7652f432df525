/** Every size of ring that a server in C chooses, on either side. */

import { assertEquals } from "../../../conformance/asserts.ts";
import type { Peer } from "../peers.ts";
import { note, type Suite } from "../runner.ts";
import type { Cast } from "./cast.ts";
import { listen, newPath, Pair } from "./pair.ts";

const BIG = [12, 13, 14, 15, 16, 17, 18, 19, 20];
/** The orders of the left and the right ring. */
const ORDERS: readonly (readonly [number, number])[] = [
  [10, 11],
  [11, 10],
  ...BIG.map((order) => [order, order] as const),
  ...[12, 16, 20].flatMap((order) => [[11, order], [order, 11]] as const),
  [12, 20],
  [20, 12],
];

/** How much a server has to ask for to get a ring: an odd size, where it may be. */
function wanted(order: number): number {
  return order < 12 ? 2 ** order : 2 ** order - 5;
}

export function declare({ test }: Suite, cast: Cast): void {
  for (const [serverMake, clientMake] of [["C", "Deno"], ["Deno", "C"]] as const) {
    test(`${serverMake} serves ${clientMake}: streams of odd sizes go through rings of every size`, async () => {
      const started = performance.now();
      const server = await cast.peer(serverMake, "domU");
      const client = await cast.peer(clientMake, "dom0");
      for (const orders of ORDERS) await tryOrders(server, client, ...orders);
      note(`${ORDERS.length} pairs of rings in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    });
  }
  test("indices of a server in C pass 2³², and nothing is lost", async () => {
    const [server, client] = [await cast.peer("C", "domU"), await cast.peer("Deno", "dom0")];
    for (const size of [0, 4096, 65_536]) {
      const path = newPath(server.domid, client.domid);
      const listening = await listen(server, client.domid, path, { readSize: size, writeSize: size });
      await server.ask("vchan-start-at", listening, 2 ** 32 - 1501);
      const pair = await Pair.join(server, listening, client, path);
      await pair.exchange(4 * size + 10_001);
      await pair.close();
    }
  });
}

async function tryOrders(server: Peer, client: Peer, left: number, right: number): Promise<void> {
  const path = newPath(server.domid, client.domid);
  // The least sizes stand for 1 KiB and 2 KiB.
  const sizes = left === 10 ? { readSize: 0, writeSize: 0 } : { readSize: wanted(left), writeSize: wanted(right) };
  const listening = await listen(server, client.domid, path, sizes);
  const pair = await Pair.join(server, listening, client, path);
  const rooms = [
    await client.ask("vchan-space", pair.client.handle),
    await server.ask("vchan-space", pair.server.handle),
  ];
  assertEquals(rooms, [[2 ** left], [2 ** right]]);
  // More than once round, even in the largest.
  await pair.exchange(2 ** right + 20_001, 2 ** left + 20_001);
  await pair.close();
}
