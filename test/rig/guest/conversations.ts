/**
 * Scenarios between a program in a domU and one in dom0. Each of the two uses either Xen's libraries, in C, or this
 * library.
 */

import { copyBothWays, refuseCopies } from "./copies.ts";
import { type Domu, startDomu } from "./domu.ts";
import { talk } from "./messages.ts";
import { assertChanges, assertNotified, assertNotNotified, letGo, watch, type Watched } from "./notify.ts";
import { type Make, type Peer, startPeer, startPeerIn } from "./peers.ts";
import { note, type Suite } from "./runner.ts";
import { measureWakeups } from "./wakeups.ts";

const MESSAGES = 10_000;
/** Few messages under way, so that each side waits often. */
const UNDER_WAY = 16;

/** The peers in the domU and in dom0. */
const PAIRS = [["Deno", "C"], ["C", "Deno"], ["C", "Node"]] as const satisfies [Make, Make][];

const EACH_WAY = `${MESSAGES} messages each way, over a page and an event channel each way`;

const ROLES = ["granter", "mapper"] as const;

export function declare(suite: Suite, domu: () => Domu): void {
  declareWakeups(suite);
  suite.test(`Deno in both: ${EACH_WAY}`, async () => {
    const a = await startPeerIn(domu(), "Deno");
    const b = startPeer("Deno", 0);
    await talkAndSay("Deno in both", a, b);
    await a.end();
    await b.end();
  });
  for (const [there, here] of PAIRS) declarePair(suite, domu, there, here);
  declareDeath(suite);
}

/** Declares what two programs do together until both have ended: one by itself, the other by SIGKILL. */
function declarePair({ test }: Suite, domu: () => Domu, there: Make, here: Make): void {
  const name = `${there} in the domU, ${here} in dom0`;
  let a: Peer, b: Peer;

  test(`${name}: ${EACH_WAY}`, async () => {
    a = await startPeerIn(domu(), there);
    b = startPeer(here, 0);
    await talkAndSay(name, a, b);
  });

  test(`${name}: copies from and to granted pages, either way`, async () => {
    for (const [granter, copier] of [[a, b], [b, a]] as const) {
      await copyBothWays(granter, copier);
      await refuseCopies(granter, copier);
    }
  });

  test(`${name}: who lets go of a page notifies the other side once`, async () => {
    for (const [goer, watcher] of [[a, b], [b, a]] as const) {
      for (const role of ROLES) {
        const watched = await watch(watcher, role, goer);
        await letGo(watched);
        await assertNotified(watched);
      }
    }
  });

  test(`${name}: a notify that is changed or cancelled is what it was last`, async () => {
    for (const [goer, watcher] of [[a, b], [b, a]] as const) {
      // Xen's libraries can set a notify only once.
      if (goer.make === "C") continue;
      for (const role of ROLES) await assertChanges(watcher, role, goer);
    }
  });

  test(`${name}: who ends by itself, with everything open, notifies the other side once`, async () => {
    const watched = await watchAll(b, a);
    await a.end();
    await assertNotified(...watched);
  });

  test(`${name}: who is killed notifies the other side once`, async () => {
    const killed = await startPeerIn(domu(), there);
    const watched = await watchAll(b, killed);
    await killed.kill();
    await assertNotified(...watched);

    const survivor = await startPeerIn(domu(), there);
    const watchedThere = await watchAll(survivor, b);
    await b.kill();
    await assertNotified(...watchedThere);
    await survivor.end();
  });
}

async function talkAndSay(name: string, a: Peer, b: Peer): Promise<void> {
  const started = performance.now();
  const waits = await talk(a, b, MESSAGES, UNDER_WAY);
  const each = Math.round((performance.now() - started) * 1000 / MESSAGES);
  note(`${name}: ${each} us for a message each way; the sides waited ${waits.join(" and ")} times`);
}

/** Makes a page between the two, shared by either side. */
async function watchAll(watcher: Peer, goer: Peer): Promise<Watched[]> {
  const all: Watched[] = [];
  for (const role of ROLES) all.push(await watch(watcher, role, goer));
  return all;
}

function declareDeath({ test }: Suite): void {
  test("a domU that is destroyed notifies nobody, and its channels fall silent", async () => {
    const doomed = await startDomu("doomed");
    const all: Watched[][] = [];
    for (const [there, here] of PAIRS) all.push(await watchAll(startPeer(here, 0), await startPeerIn(doomed, there)));
    await doomed.destroy();
    for (const watched of all) {
      const [{ watcher, port }] = watched as [Watched];
      // This is no error, just as notifying a channel that nobody is bound to.
      await watcher.ask("notify", port);
      await assertNotNotified(...watched);
      await watcher.end();
    }
  });
}

function declareWakeups({ test }: Suite): void {
  test("waiting for an event is not busy", async () => {
    const sender = startPeer("C", 0);
    for (const make of ["C", "Deno", "Node"] as const) {
      const waiter = startPeer(make, 0);
      const { median, most, waiting, idle } = await measureWakeups(sender, waiter);
      note(
        `${make} wakes ${median} us after an event was sent (19 of 20: ${most} us); waiting takes ${
          waiting.toFixed(2)
        } % ` +
          `of a processor, and ${idle.toFixed(2)} % without a channel`,
      );
      await waiter.end();
    }
    await sender.end();
  });
}
