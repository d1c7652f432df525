/** Many channels at once, and many clients one after the other. */

import { assertEquals } from "../../../conformance/asserts.ts";
import type { Peer } from "../peers.ts";
import { note, type Suite } from "../runner.ts";
import type { Cast } from "./cast.ts";
import { close, listen, newPath, Pair } from "./pair.ts";
import { GREETING } from "./streams.ts";

const CHANNELS = 20;
const LENGTH = 50_001;
/** How often a client comes to a server in C that stays open. */
const VISITS_TO_PERSISTENT = 100;

export function declare({ test }: Suite, cast: Cast): void {
  test(`${CHANNELS} channels between C and Deno, each the server of half of them, carry streams at once`, async () => {
    const [inC, ours] = [await cast.peer("C", "domU"), await cast.peer("Deno", "dom0")];
    const pairs: Pair[] = [];
    for (let number = 0; number < CHANNELS; number++) {
      pairs.push(number % 2 === 0 ? await Pair.open(inC, ours) : await Pair.open(ours, inC));
    }
    const handlesOf = (peer: Peer) =>
      pairs.map(({ server, client }) => (server.peer === peer ? server : client).handle);
    await Promise.all([
      inC.ask("vchan-exchange", 0, LENGTH, 1, LENGTH, 1000, ...handlesOf(inC)),
      ours.ask("vchan-exchange", 0, LENGTH, 1000, LENGTH, 1, ...handlesOf(ours)),
    ]);
    for (const pair of pairs) await pair.close();
  });

  // A server in C makes our clients wait for a tenth of a second, each time.
  const visits = [["Deno", "C", 100], ["Node", "C", 10], ["C", "Deno", 10], ["Deno", "Deno", 10]] as const;
  for (const [serverMake, clientMake, count] of visits) {
    test(`${count} clients (${clientMake}) come to one server (${serverMake}), each after the other`, async () => {
      const server = await cast.peer(serverMake, serverMake === "Node" ? "dom0" : "domU");
      const client = await cast.peer(clientMake, serverMake === "Node" ? "domU" : "dom0");
      const path = newPath(server.domid, client.domid);
      const listening = await listen(server, client.domid, path);
      const each = await timed(count, async () => {
        const [[bytes, served]] = await Promise.all([
          server.ask("vchan-serve", listening, count * GREETING),
          client.ask("vchan-visit", server.domid, path, count, 1),
        ]);
        assertEquals(bytes, count * GREETING);
        // A server in C may take two for one.
        if (serverMake !== "C") assertEquals(served, count);
      });
      note(`a visit of ${clientMake} to ${serverMake} takes ${each} ms`);
      await server.ask("vchan-close-server", listening);
    });
  }

  test(`${VISITS_TO_PERSISTENT} clients come to a server in C that stays open in between (server_persist)`, async () => {
    const [server, client] = [await cast.peer("C", "domU"), await cast.peer("Deno", "dom0")];
    const path = newPath(server.domid, client.domid);
    const listening = await listen(server, client.domid, path);
    await server.ask("vchan-persist", listening);
    const each = await timed(VISITS_TO_PERSISTENT, async () => {
      await Promise.all([
        server.ask("vchan-echo", listening, VISITS_TO_PERSISTENT * GREETING),
        client.ask("vchan-visit", server.domid, path, VISITS_TO_PERSISTENT, 1),
      ]);
    });
    note(`a visit to a server in C that stays open takes ${each} ms`);
    await close({ peer: server, handle: listening });
  });
}

/** Returns how long each visit took, in milliseconds. */
async function timed(count: number, visits: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await visits();
  return Math.round((performance.now() - started) / count);
}
