/** Programs that are killed in the middle: what the other side learns, and what it can still read. */

import { assert, assertEquals } from "../../../conformance/asserts.ts";
import type { Make, Peer } from "../peers.ts";
import type { Suite } from "../runner.ts";
import type { Cast, Place } from "./cast.ts";
import { close, type End, Pair } from "./pair.ts";
import { STATES } from "./verbs.ts";
import { pause } from "../until.ts";

/** Who is killed, and where, and who is the other side. */
const KILLED: readonly (readonly [Make, Place, Make])[] = [
  ["C", "domU", "Deno"],
  ["Deno", "domU", "C"],
  ["Node", "dom0", "C"],
];

const REST = 1000;
/** How long a program writes before it is killed, in milliseconds. */
const WHILE = 500;

export function declare({ test }: Suite, cast: Cast): void {
  for (const [make, place, other] of KILLED) {
    test(`${make} is killed in ${place}: ${other} reads what it has written, and learns it`, async () => {
      const survivor = await cast.peer(other, place === "dom0" ? "domU" : "dom0");
      for (const writingRole of ["server", "client"] as const) {
        const victim = await cast.start(make, place);
        const [served, visited] = [await Pair.open(victim, survivor), await Pair.open(survivor, victim)];
        const [writing, idle] = writingRole === "server" ? [served, visited] : [visited, served];
        await victim.ask("vchan-write", endOf(idle, victim).handle, REST, 5);
        await victim.ask("vchan-flood", endOf(writing, victim).handle, 5);
        const learning = survivor.ask("vchan-rest", endOf(writing, survivor).handle, 5);
        await pause(WHILE);
        await victim.kill();
        const [count, state] = await learning;
        assert(count! > 0, "nothing was read");
        assertEquals(STATES[state!], "peer-closed");
        assertEquals(
          await survivor.ask("vchan-rest", endOf(idle, survivor).handle, 5),
          [REST, STATES.indexOf("peer-closed")],
        );
        for (const pair of [writing, idle]) await close(endOf(pair, survivor));
        await visited.closeServer();
      }
    });
  }
}

function endOf({ server, client }: Pair, peer: Peer): End {
  return server.peer === peer ? server : client;
}
