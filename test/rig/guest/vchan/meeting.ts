/** Who comes first, and what a server that was killed has left behind. */

import { assert } from "../../../conformance/asserts.ts";
import type { Make, Peer } from "../peers.ts";
import type { Suite } from "../runner.ts";
import type { Cast } from "./cast.ts";
import { close, connect, listen, newPath, Pair } from "./pair.ts";
import { pause } from "../until.ts";

/** Long enough to find out what is in the way, in milliseconds, and short enough to wait for. */
const BRIEFLY = 1500;

/** Servers and clients of them, in the domU and in dom0, and the other way round. */
const PAIRS = [["C", "Deno"], ["Deno", "C"], ["Deno", "Deno"]] as const satisfies (readonly [Make, Make])[];

export function declare({ test }: Suite, cast: Cast): void {
  for (const [serverMake, clientMake] of PAIRS) {
    const name = `${clientMake} finds ${serverMake}`;
    test(`${name}: a client comes before its server`, async () => {
      for (const place of ["domU", "dom0"] as const) {
        const server = await cast.peer(serverMake, place);
        const client = await cast.peer(clientMake, place === "dom0" ? "domU" : "dom0");
        const path = newPath(server.domid, client.domid);
        const connecting = connect(client, server.domid, path);
        await pause(300);
        await finish(server, await listen(server, client.domid, path), client, connecting);
      }
    });
    test(`${name}: a killed server has left its keys, and another one takes its place`, async () => {
      const victim = await cast.start(serverMake, "domU");
      const client = await cast.peer(clientMake, "dom0");
      const path = newPath(victim.domid, client.domid);
      await listen(victim, client.domid, path);
      await victim.kill();
      const refused = await connect(client, victim.domid, path, BRIEFLY).then(() => "", String);
      assert(/does not work|Connection timed out/.test(refused), refused);
      const connecting = connect(client, victim.domid, path);
      await pause(300);
      const server = await cast.peer(serverMake, "domU");
      await finish(server, await listen(server, client.domid, path), client, connecting);
    });
  }

  test("another client of a server in C is told why it waits, and comes in when the first has left", async () => {
    const server = await cast.peer("C", "domU");
    const first = await cast.peer("C", "dom0");
    const second = await cast.peer("Deno", "dom0");
    const path = newPath(server.domid, 0);
    const listening = await listen(server, 0, path);
    const pair = await Pair.join(server, listening, first, path);
    const refused = await connect(second, server.domid, path, BRIEFLY).then(() => "", String);
    assert(refused.includes("See whether another client is connected"), refused);
    const connecting = connect(second, server.domid, path);
    await pause(300);
    await close(pair.client);
    await finish(server, listening, second, connecting);
  });

  test("another client of our server is told why it waits, and comes in when the server accepts again", async () => {
    const server = await cast.peer("Deno", "domU");
    const first = await cast.peer("C", "dom0");
    const second = await cast.peer("Deno", "dom0");
    const path = newPath(server.domid, 0);
    const listening = await listen(server, 0, path);
    const pair = await Pair.join(server, listening, first, path);
    const refused = await connect(second, server.domid, path, BRIEFLY).then(() => "", String);
    assert(refused.includes("serves another client"), refused);
    // Keys of 0 are no server for C.
    const refusedInC = await connect(first, server.domid, path, 100).then(() => "", String);
    assert(refusedInC.includes("timed out"), refusedInC);
    const another = await Pair.join(server, listening, second, path);
    await another.exchange(10_001);
    await pair.exchange(10_001);
    for (const end of [pair.client, another.client, pair.server, another.server]) await close(end);
    await server.ask("vchan-close-server", listening);
  });

  test("one server takes the place of another at the same path, whatever they are made of", async () => {
    const client = await cast.peer("Deno", "dom0");
    const [inC, ours] = [await cast.peer("C", "domU"), await cast.peer("Deno", "domU")];
    for (const [old, fresh] of [[inC, ours], [ours, inC]] as const) {
      const path = newPath(old.domid, 0);
      const replaced = await listen(old, 0, path);
      const listening = await listen(fresh, 0, path);
      const pair = await Pair.join(fresh, listening, client, path);
      await pair.exchange(10_001);
      // The library in C removes the keys of whoever took its place.
      await old.ask("vchan-close-server", replaced);
      await pair.close();
    }
  });
}

/** Talks to a client that was waiting, and closes everything. */
async function finish(server: Peer, listening: number, client: Peer, connecting: Promise<number>): Promise<void> {
  const pair = await Pair.meet(server, listening, client, connecting);
  await pair.exchange(10_001);
  await pair.close();
}
