/**
 * One side of `examples/share.ts` on Node and the real devices, with the same output. The example itself is the other
 * side. Arguments: `share <peer>` or `read <granter> <gref> <gref>`.
 */

import { GrantDevice, GrantMapper, PAGE_SIZE } from "@gntalloc/gntalloc";
import { nodeDomain } from "@gntalloc/gntalloc/node";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

/** The value of the first byte of the second page once the peer has answered. */
const ANSWERED = 1;

const [role, ...numbers] = process.argv.slice(2);
const [domid, ...grefs] = numbers.map(Number) as [number, ...number[]];

/** Returns the text before the first zero byte. */
function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

if (role === "read") {
  const view = new GrantMapper(nodeDomain()).map(domid, grefs, { writable: true });
  console.log(`the peer maps the pages of domain ${domid} and reads: ${text(view.bytes)}`);
  new TextEncoder().encodeInto("hello from the peer", view.bytes.subarray(PAGE_SIZE + 1));
  view.bytes[PAGE_SIZE] = ANSWERED;
  view.unmap();
} else {
  const device = new GrantDevice(nodeDomain());
  const pages = device.open().allocate(domid, { pages: 2, writable: true });
  const view = pages.map();
  new TextEncoder().encodeInto("hello from the granter", view.bytes);
  console.log(`the granter shares 2 pages with domain ${domid}: grefs ${pages.grefs.join(" ")}`);
  while (view.bytes[PAGE_SIZE] !== ANSWERED) await sleep(10);
  console.log(`the granter reads the answer in the second page: ${text(view.bytes.subarray(PAGE_SIZE + 1))}`);
  view.unmap();
  device.close();
}
