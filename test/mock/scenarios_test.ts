/** The scenarios of the rig (test/rig/) on a simulated Xen: the same programs and expectations as on a real one. */
import { test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import * as library from "../../mod.ts";
import { copyBothWays, refuseCopies } from "../rig/guest/copies.ts";
import { talk } from "../rig/guest/messages.ts";
import { assertChanges, assertNotified, assertNotNotified, letGo, watch } from "../rig/guest/notify.ts";
import { PeerProgram } from "../rig/guest/peer_program.ts";
import type { Peer } from "../rig/guest/peers.ts";

const WAIT_MILLISECONDS = 5;

/** Starts the program that the rig runs in a domain, as a process of a simulated domain. */
function start(xen: MockXen, domid: number): Peer {
  const process = xen.domain(domid).process();
  const program = new PeerProgram({
    library,
    domain: process,
    now: () => BigInt(Math.round(performance.now() * 1e6)),
    processorTime: () => 0n,
  });
  return {
    make: "Deno",
    domid,
    async ask(...words) {
      // A simulated event arrives at once, or never.
      if (words[0] === "wait") words[1] = WAIT_MILLISECONDS;
      const [verdict, ...rest] = (await program.answer(words.join(" "))).split(" ");
      if (verdict !== "ok") throw new Error(`${words.join(" ")}: ${rest.join(" ")}`);
      return rest.map(Number);
    },
    end: () => Promise.resolve(program.close()),
    kill: () => Promise.resolve(process.kill()),
  };
}

const ROLES = ["granter", "mapper"] as const;

test("two domains exchange 10,000 messages each way, as they do on a real Xen", async () => {
  const xen = new MockXen();
  const [a, b] = [start(xen, 1), start(xen, 0)];
  await talk(a, b, 10_000, 8);
  await a.end();
  await b.end();
  xen.assertClean();
});

test("`copy()` does what it does on a real Xen, in both directions", async () => {
  const xen = new MockXen();
  const [a, b] = [start(xen, 1), start(xen, 0)];
  for (const [granter, copier] of [[a, b], [b, a]] as const) {
    await copyBothWays(granter, copier);
    await refuseCopies(granter, copier);
  }
  await a.end();
  await b.end();
  xen.assertClean();
});

for (const role of ROLES) {
  test(`\`setUnmapNotify()\` of a ${role} does what it does on a real Xen at release, exit and kill`, async () => {
    const xen = new MockXen();
    const [goer, watcher] = [start(xen, 1), start(xen, 0)];
    const once = await watch(watcher, role, goer);
    await letGo(once);
    await assertNotified(once);
    await assertChanges(watcher, role, goer);

    const ended = await watch(watcher, role, goer);
    await goer.end();
    await assertNotified(ended);

    const another = start(xen, 1);
    const killed = await watch(watcher, role, another);
    await another.kill();
    await assertNotified(killed);

    const dead = await watch(watcher, role, start(xen, 1));
    xen.domain(1).destroy();
    await watcher.ask("notify", dead.port);
    await assertNotNotified(dead);
    await watcher.end();
    xen.assertClean();
  });
}
