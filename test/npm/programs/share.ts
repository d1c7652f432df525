/**
 * One side of `examples/share.ts` on Node and the real devices, with the same output. The example itself is the other
 * side. Arguments: `serve <name> [--to <peer>]` or `connect <granter> <name>`.
 */

import { GrantDevice, GrantMapper, PAGE_SIZE } from "@gntalloc/gntalloc";
import { nodeDomain } from "@gntalloc/gntalloc/node";
import { XenStore } from "@gntalloc/gntalloc/xenstore";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

/** The value of the first byte of the second page once the peer has answered. */
const ANSWERED = 1;

/** Returns the text before the first zero byte. */
function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

async function serve(name: string, peer: number): Promise<void> {
  const device = new GrantDevice(nodeDomain());
  const store = await XenStore.open(nodeDomain());
  const pages = device.open().allocate(peer, { pages: 2, writable: true });
  const view = pages.map();
  new TextEncoder().encodeInto("hello from the granter", view.bytes);
  console.log(`the granter shares 2 pages with domain ${peer}: grefs ${pages.grefs.join(" ")}`);
  const folder = `data/${name}`;
  await store.mkdir("data");
  await store.remove(folder);
  await store.mkdir(folder);
  const granter = await store.ownDomid();
  await store.setPermissions(folder, [{ domid: granter, access: "none" }, { domid: peer, access: "read" }]);
  await store.write(`${folder}/grefs`, pages.grefs.join(" "));
  while (view.bytes[PAGE_SIZE] !== ANSWERED) await sleep(10);
  console.log(`the granter reads the answer in the second page: ${text(view.bytes.subarray(PAGE_SIZE + 1))}`);
  await store.remove(folder);
  view.unmap();
  pages.free();
  console.log(`the granter frees the pages: ${device.inspect().live} stay shared`);
  store.close();
  device.close();
}

async function connect(granter: number, name: string): Promise<void> {
  const store = await XenStore.open(nodeDomain());
  const grefs = await store.waitFor(`/local/domain/${granter}/data/${name}/grefs`, undefined, { timeout: 60_000 });
  store.close();
  const view = new GrantMapper(nodeDomain()).map(granter, grefs.split(" ").map(Number), { writable: true });
  console.log(`the peer maps the pages of domain ${granter} and reads: ${text(view.bytes)}`);
  new TextEncoder().encodeInto("hello from the peer", view.bytes.subarray(PAGE_SIZE + 1));
  view.bytes[PAGE_SIZE] = ANSWERED;
  view.unmap();
}

const [role, first, ...more] = process.argv.slice(2) as [string, string, ...string[]];
if (role === "serve") await serve(first, Number(more[1] ?? 0));
else await connect(Number(first), more[0]!);
