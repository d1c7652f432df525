/** The scenarios of the rig (test/rig/) on a simulated Xen: the same programs and expectations as on a real one. */
import { test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { copyBothWays, refuseCopies } from "../rig/guest/copies.ts";
import { talk } from "../rig/guest/messages.ts";
import { assertChanges, assertNotified, assertNotNotified, letGo, watch } from "../rig/guest/notify.ts";
import { startPeer as start } from "./peers.ts";

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
