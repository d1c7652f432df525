/** A domU that is destroyed, and servers that were there before it. */

import { assert, assertEquals } from "../../../conformance/asserts.ts";
import { type Domu, startDomu } from "../domu.ts";
import { type Make, type Peer, startPeerIn } from "../peers.ts";
import { note, type Suite } from "../runner.ts";
import { until } from "../until.ts";
import * as xl from "../xl.ts";
import type { Cast, Place } from "./cast.ts";
import { close, connect, type End, listen, newPath, Pair } from "./pair.ts";
import { STATES } from "./verbs.ts";

const REST = 1000;
/** Statuses of Xen's public header `grant_table.h`. */
const GENERAL_ERROR = -1;
const BAD_DOMAIN = -2;

/** Programs that notice the end of a domain; its programs are in C. */
const SURVIVORS: readonly (readonly [Make, Place])[] = [["Deno", "dom0"], ["Node", "dom0"], ["Deno", "domU"]];

export function declare({ test }: Suite, cast: Cast): void {
  let doomed: Domu, inC: Peer, ours: Peer;
  /** Has the other domU copy a byte of a page that the doomed one has not granted to it. Returns Xen's status. */
  const copyStatus = async () => {
    const copier = await cast.peer("Deno", "domU");
    const [local] = await copier.ask("local", 1);
    return (await copier.ask("copy", 1, "grant", doomed.domid, 0, 0, "local", local!, 0))[0];
  };
  /** Servers that were there first, and their handles and paths. */
  const early: { server: Peer; listening: number; path: string }[] = [];
  let earlyInC: { server: Peer; listening: number; path: string };

  test("servers listen for a domain that does not exist yet", async () => {
    const next = Math.max(...(await xl.list()).map(({ domid }) => domid)) + 1;
    const begin = async (make: Make, place: Place) => {
      const server = await cast.peer(make, place);
      const path = newPath(server.domid, next);
      return { server, listening: await listen(server, next, path), path };
    };
    early.push(await begin("Deno", "dom0"), await begin("Deno", "domU"));
    earlyInC = await begin("C", "dom0");
  });

  test("when the domain comes, its programs find the servers, but not that in C", async () => {
    doomed = await startDomu("doomed");
    inC = await startPeerIn(doomed, "C");
    ours = await startPeerIn(doomed, "Deno");
    for (const client of [inC, ours]) {
      for (const { server, listening, path } of early) {
        const pair = await Pair.join(server, listening, client, path);
        await pair.exchange(10_001);
        await close(pair.client);
        await close(pair.server);
      }
    }
    for (const { server, listening } of early) await server.ask("vchan-close-server", listening);

    const { server, listening, path } = earlyInC;
    const refused = await connect(ours, 0, path, 1000).then(() => "", String);
    assert(refused.includes("has published nothing"), refused);
    await server.ask("vchan-close-server", listening);
  });

  test("when it is destroyed, the other domains learn it, and can still read what it wrote", async () => {
    const clients: End[] = [];
    const servers: { end: End; pair: Pair }[] = [];
    for (const [make, place] of SURVIVORS) {
      const survivor = await cast.peer(make, place);
      for (const victim of [inC, ours]) {
        const [served, visited] = [await Pair.open(victim, survivor), await Pair.open(survivor, victim)];
        await victim.ask("vchan-write", served.server.handle, REST, 5);
        await victim.ask("vchan-write", visited.client.handle, REST, 5);
        clients.push(served.client);
        servers.push({ end: visited.server, pair: visited });
      }
    }
    const survivorInC = await cast.peer("C", "dom0");
    const withC = await Pair.open(survivorInC, ours);

    await doomed.destroy();
    const started = performance.now();
    const secondsPassed = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
    for (const end of clients) {
      await assertGone(end);
      note(`${end.peer.make} in domain ${end.peer.domid}, a client, knows that the domain is gone: ${secondsPassed()}`);
    }
    // A domain whose pages are mapped stays half dead, and a server in a domU takes it for alive.
    assertEquals(await copyStatus(), GENERAL_ERROR);
    for (const end of clients) await close(end);
    for (const { end, pair } of servers) {
      await assertGone(end);
      note(`${end.peer.make} in domain ${end.peer.domid}, a server, knows that the domain is gone: ${secondsPassed()}`);
      await close(end);
      await pair.closeServer();
    }
    // A program in C never learns it.
    assertEquals(await survivorInC.ask("vchan-state", withC.server.handle), [0]);
    await close(withC.server);
    await until(async () => (await xl.list()).every(({ domid }) => domid !== doomed.domid));
    assertEquals(await copyStatus(), BAD_DOMAIN);
  });
}

/** Checks that an end can still read what the other one wrote, and knows that its domain is gone. */
async function assertGone({ peer, handle }: End): Promise<void> {
  assertEquals(await peer.ask("vchan-rest", handle, 5), [REST, STATES.indexOf("peer-gone")]);
}
