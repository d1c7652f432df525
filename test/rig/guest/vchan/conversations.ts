/** What two programs in two domains say to each other over a connection: streams, packets and calls. */

import { assertEquals } from "../../../conformance/asserts.ts";
import type { Make } from "../peers.ts";
import { note, type Suite } from "../runner.ts";
import type { Cast, Place } from "./cast.ts";
import { close, type End, Pair } from "./pair.ts";
import { STATES } from "./verbs.ts";

const MIB = 2 ** 20;

/**
 * A server, its place, its client, which is in the other place, and the MiB that go each way. All have the same tests;
 * under emulation, 64 MiB each way take from 10 to 20 seconds.
 */
const PAIRS: readonly (readonly [Make, Place, Make, number])[] = [
  ["C", "domU", "Deno", 64],
  ["Deno", "dom0", "C", 64],
  ["C", "dom0", "Deno", 16],
  ["Deno", "domU", "C", 16],
  ["C", "domU", "Node", 2],
  ["Node", "dom0", "C", 2],
  ["C", "dom0", "Node", 2],
  ["Node", "domU", "C", 2],
  ["Deno", "dom0", "Deno", 2],
  ["Deno", "domU", "Node", 2],
];

const PACKETS = 100;
/** No more than half of the smaller ring: two sides that wait for more than that could wait for each other. */
const LARGEST_PACKET = 2048;
const CALLS = 50;
const CALL_SIZE = 64;
const REST = 1000;

export function declare(suite: Suite, cast: Cast): void {
  for (const [serverMake, place, clientMake, size] of PAIRS) {
    const other = place === "dom0" ? "domU" : "dom0";
    const name = `${serverMake} serves in ${place}, ${clientMake} in ${other}`;
    const peers = async () => [await cast.peer(serverMake, place), await cast.peer(clientMake, other)] as const;
    let pair: Pair;
    suite.test(`${name}: streams of ${size} MiB go both ways at once`, async () => {
      pair = await Pair.open(...await peers());
      const started = performance.now();
      await pair.exchange(size * MIB, size * MIB, 65_536);
      const seconds = (performance.now() - started) / 1000;
      note(`${name}: ${size} MiB each way in ${seconds.toFixed(1)} s`);
    });
    suite.test(`${name}: pieces of many sizes, packets and calls arrive whole`, async () => {
      await talk(pair);
      for (const [caller, callee] of pair.eitherWay) {
        const started = performance.now();
        await callAndAnswer(caller, callee, CALLS);
        const each = (performance.now() - started) * 1000 / CALLS;
        note(`${name}: ${caller.peer.make} calls, and is answered after ${each.toFixed(0)} us`);
      }
      await pair.close();
    });
    suite.test(`${name}: who closes leaves what it wrote, and the other side learns it`, async () => {
      for (const goer of ["server", "client"] as const) await leave(await Pair.open(...await peers()), goer);
    });
  }
}

/** Sends pieces of many sizes, and then packets. */
export async function talk(pair: Pair): Promise<void> {
  await pair.exchange(1_000_001);
  for (const [from, to] of pair.eitherWay) await sendPackets(from, to);
}

/** Makes calls, each after the answer to the one before. */
export async function callAndAnswer(caller: End, callee: End, count: number): Promise<void> {
  await Promise.all([
    callee.peer.ask("vchan-echo", callee.handle, CALL_SIZE * count),
    caller.peer.ask("vchan-call", caller.handle, count),
  ]);
}

async function sendPackets(from: End, to: End): Promise<void> {
  await Promise.all([
    from.peer.ask("vchan-send", from.handle, PACKETS, LARGEST_PACKET, 7),
    to.peer.ask("vchan-receive", to.handle, PACKETS, LARGEST_PACKET, 7),
  ]);
}

/** Closes one end while the other one writes, and checks what that can still read, and what it learns. */
export async function leave(pair: Pair, which: "server" | "client"): Promise<void> {
  const [goer, stayer] = which === "server" ? [pair.server, pair.client] : [pair.client, pair.server];
  // The other side is in the middle of writing, and waits for room.
  await stayer.peer.ask("vchan-flood", stayer.handle, 9);
  await goer.peer.ask("vchan-write", goer.handle, REST, 5);
  await close(goer);
  assertEquals(
    await stayer.peer.ask("vchan-rest", stayer.handle, 5),
    [REST, STATES.indexOf("peer-closed")],
  );
  await close(stayer);
  await pair.closeServer();
}
