/** Channels with `vchan-socket-proxy`, as Debian ships it: a peer in its domain talks through the proxy's socket. */

import { assertEquals } from "../../../conformance/asserts.ts";
import { readLines, spawnExample } from "../child.ts";
import type { Make } from "../peers.ts";
import { note, type Suite } from "../runner.ts";
import type { Cast, Place } from "./cast.ts";
import { accept, connect, listen, newPath } from "./pair.ts";
import { xenstore } from "../xenstore.ts";
import { paused } from "../xl.ts";
import { runProxy, startProxy, startProxyIn } from "./proxies.ts";
import { GREETING } from "./streams.ts";

/** The proxy has rings of 1 KiB and 2 KiB. */
const LENGTH = 200_001;
const REST = 1000;

/** Where the proxy runs, and who talks to it from the other place. */
const PAIRS: readonly (readonly [Place, Make])[] = [["domU", "Deno"], ["domU", "Node"], ["dom0", "Deno"]];
/** How often it is connected again. As a server, it makes our clients wait for a tenth of a second each time. */
const VISITS = 10;

export function declare({ test }: Suite, cast: Cast): void {
  for (const [place, make] of PAIRS) {
    const other = place === "dom0" ? "domU" : "dom0";
    const name = `${make} in ${other}`;
    const start = place === "dom0"
      ? (options: Parameters<typeof startProxy>[0]) => Promise.resolve(startProxy(options))
      : (options: Parameters<typeof startProxy>[0]) => startProxyIn(cast.domu, options);

    test(`${name} and the proxy as a server in ${place}: streams, and ${VISITS} clients`, async () => {
      const { inside, ours, path, socket } = await prepare(cast, place, make);
      const [sockets] = await inside.ask("socket-listen", socket);
      const proxy = await start({ mode: "server", domid: ours.domid, path, socket });

      const [there, here] = await Promise.all([accept(inside, sockets!), connect(ours, inside.domid, path)]);
      await exchange([inside, there], [ours, here]);
      // It drops what it has not read when the connection is closed.
      await ours.ask("vchan-write", here, REST, 5);
      await ours.ask("vchan-flush", here);
      await ours.ask("vchan-close", here);
      assertEquals(await inside.ask("vchan-read", there, REST + 1, 5), [REST]);
      await inside.ask("vchan-close", there);

      const started = performance.now();
      const [[bytes]] = await Promise.all([
        inside.ask("vchan-serve", sockets!, VISITS * GREETING),
        ours.ask("vchan-visit", inside.domid, path, VISITS, 1),
      ]);
      assertEquals(bytes, VISITS * GREETING);
      note(`a visit of ${name} to the proxy takes ${Math.round((performance.now() - started) / VISITS)} ms`);
      await proxy.kill();
      await inside.ask("vchan-close-server", sockets!);
    });

    test(`${name} and the proxy as a client in ${place}: streams, and ${VISITS} clients`, async () => {
      const { inside, ours, socket } = await prepare(cast, place, make);
      const path = newPath(ours.domid, inside.domid);
      const proxy = await start({ mode: "client", domid: ours.domid, path, socket });
      const listening = await listen(ours, inside.domid, path);

      const [[there], here] = await Promise.all([inside.ask("socket-connect", socket), accept(ours, listening)]);
      await exchange([inside, there!], [ours, here]);
      // The proxy closes the vchan then.
      await inside.ask("vchan-close", there!);
      assertEquals(await ours.ask("vchan-read", here, 1, 1), [0]);
      await ours.ask("vchan-close", here);

      const started = performance.now();
      const [served] = await Promise.all([
        ours.ask("vchan-serve", listening, VISITS * GREETING),
        inside.ask("socket-visit", socket, VISITS, 1),
      ]);
      assertEquals(served, [VISITS * GREETING, VISITS]);
      note(`a visit of the proxy to ${name} takes ${Math.round((performance.now() - started) / VISITS)} ms`);
      await proxy.kill();
      await ours.ask("vchan-close-server", listening);
    });
  }

  test("the proxy reads what came before its domain ran, when Xen merged the events of the client and of its bytes", async () => {
    const { inside, ours, path, socket } = await prepare(cast, "domU", "Deno");
    const [sockets] = await inside.ask("socket-listen", socket);
    const proxy = await startProxyIn(cast.domu, { mode: "server", domid: ours.domid, path, socket });
    const store = await xenstore();
    await store.waitFor(`${path}/event-channel`, (port) => port !== undefined, { timeout: 20_000 });
    const here = await paused(inside.domid, async () => {
      const client = await connect(ours, inside.domid, path);
      await ours.ask("vchan-write", client, REST, 5);
      return client;
    });
    const there = await accept(inside, sockets!);
    assertEquals(await inside.ask("vchan-read", there, REST, 5), [REST]);
    await ours.ask("vchan-close", here);
    await inside.ask("vchan-close", there);
    await proxy.kill();
    await inside.ask("vchan-close-server", sockets!);
  });

  test("the example talks to the proxy on the other side of a pipe, as a server and as a client", async () => {
    const { domu } = cast;
    const path = (name: string) => `/local/domain/${domu.domid}/data/vchan/0/${name}`;
    const listening = domu.call("example", { file: "vchan.ts", args: ["listen", "chat"] });
    await runProxy("client", domu.domid, path("chat"), "hello from the proxy\n");
    const { pid, said } = await listening;
    assertEquals(said, "hello from the proxy");
    assertEquals(await domu.call("readLines", { pid }), []);

    const proxy = domu.call("proxyRun", {
      mode: "server",
      domid: 0,
      path: path("news"),
      input: "news from the proxy\n",
    });
    const example = await spawnExample("vchan.ts", ["connect", String(domu.domid), "news"]);
    assertEquals(example.said, "news from the proxy");
    assertEquals(await readLines(example.pid), []);
    await proxy;
  });
}

/** Returns the peer beside a proxy, the one that talks to it from the other place, and where they meet. */
async function prepare(cast: Cast, place: Place, make: Make) {
  const inside = await cast.peer("Deno", place);
  const ours = await cast.peer(make, place === "dom0" ? "domU" : "dom0");
  const path = newPath(inside.domid, ours.domid);
  return { inside, ours, path, socket: `/tmp/proxy-${path.replaceAll("/", "-")}` };
}

type SocketOrVchan = readonly [{ ask(...words: (string | number)[]): Promise<number[]> }, number];

async function exchange([inside, there]: SocketOrVchan, [ours, here]: SocketOrVchan): Promise<void> {
  await Promise.all([
    inside.ask("vchan-exchange", 0, LENGTH, 1, LENGTH, 1000, there),
    ours.ask("vchan-exchange", 0, LENGTH, 1000, LENGTH, 1, here),
  ]);
}
