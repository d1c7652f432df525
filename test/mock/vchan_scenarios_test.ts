/** The scenarios of the rig's run `vchan` on a simulated Xen: the same programs and expectations as on a real one. */
import { expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { callAndAnswer, leave, talk } from "../rig/guest/vchan/conversations.ts";
import { close, listen, newPath, Pair } from "../rig/guest/vchan/pair.ts";
import { STATES } from "../rig/guest/vchan/verbs.ts";
import { startPeer } from "./peers.ts";

const DOMIDS = [[1, 0], [0, 1], [1, 2]] as const;

for (const [serverDomid, clientDomid] of DOMIDS) {
  const name = `domain ${serverDomid} serves domain ${clientDomid}`;

  test(`${name}: streams, packets and calls arrive whole, and who closes leaves what it wrote`, async () => {
    const xen = new MockXen();
    const [server, client] = [startPeer(xen, serverDomid), startPeer(xen, clientDomid)];
    const pair = await Pair.open(server, client);
    await talk(pair);
    for (const [caller, callee] of pair.eitherWay) await callAndAnswer(caller, callee, 100);
    await pair.close();
    for (const goer of ["server", "client"] as const) await leave(await Pair.open(server, client), goer);
    await server.end();
    await client.end();
    xen.assertClean();
  });

  test(`${name}: who is killed while it writes leaves what is there, and the other side learns it`, async () => {
    for (const victimIsServer of [true, false]) {
      const xen = new MockXen();
      const [server, client] = [startPeer(xen, serverDomid), startPeer(xen, clientDomid)];
      const pair = await Pair.open(server, client);
      const [victim, survivor] = victimIsServer ? [pair.server, pair.client] : [pair.client, pair.server];
      await victim.peer.ask("vchan-flood", victim.handle, 5);
      const learning = survivor.peer.ask("vchan-rest", survivor.handle, 5);
      await new Promise((resolve) => setTimeout(resolve, 5));
      await victim.peer.kill();
      const [count, state] = await learning;
      expect(count).toBeGreaterThan(0);
      expect(STATES[state!]).toBe("peer-closed");
      await close(survivor);
      await survivor.peer.end();
    }
  });

  test(`${name}: 100 clients come, each after the other`, async () => {
    const xen = new MockXen();
    const [server, client] = [startPeer(xen, serverDomid), startPeer(xen, clientDomid)];
    const path = newPath(serverDomid, clientDomid);
    const listening = await listen(server, clientDomid, path);
    const [served] = await Promise.all([
      server.ask("vchan-serve", listening, 10_000),
      client.ask("vchan-visit", serverDomid, path, 100, 1),
    ]);
    expect(served).toEqual([10_000, 100]);
    await server.ask("vchan-close-server", listening);
    await server.end();
    await client.end();
    xen.assertClean();
  });
}
