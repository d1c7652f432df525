/**
 * A process that shares pages, prints their references as JSON, and keeps the pages until it is killed.
 *
 * Arguments: the domid of the peer, and the number of pages. The first byte of each page is its number + 1. An unmap
 * notify clears that of the second page when the process dies.
 */
import { denoDomain } from "../../../backends/deno.ts";
import { GrantDevice, PAGE_SIZE } from "../../../mod.ts";

const [peer, count] = Deno.args.map(Number) as [number, number];
const pages = new GrantDevice(denoDomain()).open().allocate(peer, { pages: count, writable: true });
const { bytes } = pages.map();
for (let page = 0; page < count; page++) bytes[page * PAGE_SIZE] = page + 1;
if (count > 1) pages.setUnmapNotify({ clearByte: 0 }, 1);
console.log(JSON.stringify({ grefs: pages.grefs.slice(0, 8) }));
setInterval(() => {}, 1 << 30);
