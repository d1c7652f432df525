/**
 * Shares two pages between two domains: one writes, the other reads and answers.
 *
 * ```sh
 * deno run examples/share.ts                                      # both sides, on a simulated Xen
 * deno run --allow-ffi examples/share.ts --device both 0          # both sides in this domain, domain 0 of a real Xen
 * deno run --allow-ffi examples/share.ts --device share 0         # in a domU: shares with domain 0 and waits
 * deno run --allow-ffi examples/share.ts --device read 5 819 820  # in dom0: reads two pages of domain 5 and answers
 * ```
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { denoDomain } from "../backends/deno.ts";
import { MockXen } from "../backends/mock.ts";
import { GrantDevice, GrantMapper, PAGE_SIZE, type SharedPages } from "../mod.ts";

/** The first byte of the second page tells whether the peer has answered. */
const ANSWERED = 1;

const { values, positionals } = parseArgs({ options: { device: { type: "boolean" } }, allowPositionals: true });
const [role = "both", ...numbers] = positionals;
const [domid = 0, ...grefs] = numbers.map(Number);
const grefsOf: Record<string, number> = { both: 0, share: 0, read: 2 };
if (!(role in grefsOf) || grefs.length !== grefsOf[role] || (role !== "both" && !values.device) || isNaN(domid)) {
  console.error(
    "usage: share.ts [--device both <own domid> | --device share <peer> | --device read <granter> <gref> <gref>]",
  );
  Deno.exit(2);
}

// Only these lines know where the program runs. The simulated Xen has two domains; on the devices there is this one.
const xen = new MockXen();
const granterDomid = values.device ? domid : 1;
const granterDomain = values.device ? denoDomain() : xen.domain(granterDomid);
const peerDomain = values.device ? denoDomain() : xen.domain(domid);
const [granter, peer] = values.device ? ["the granter", "the peer"] : [`domain ${granterDomid}`, `domain ${domid}`];
if (!values.device) console.log(`on a simulated Xen, ${granter} shares pages and ${peer} maps them`);

using device = new GrantDevice(granterDomain);
using mapper = new GrantMapper(peerDomain);
if (role === "read") {
  read(mapper, granterDomid, grefs);
} else {
  const pages = share(device, domid);
  if (role === "both") read(mapper, granterDomid, pages.grefs);
  else console.log(`waiting for domain ${domid} to run: share.ts --device read <this domain> ${pages.grefs.join(" ")}`);
  await waitForAnswer(pages);
  pages.free();
  if (role === "both") console.log(`${granter} frees the pages: ${device.inspect().live} stay shared`);
}

/** The granter: shares two pages, and writes into the first. */
function share(device: GrantDevice, peerDomid: number): SharedPages {
  const pages = device.open().allocate(peerDomid, { pages: 2, writable: true });
  using view = pages.map();
  new TextEncoder().encodeInto("hello from the granter", view.bytes);
  console.log(`${granter} shares 2 pages with domain ${peerDomid}: grefs ${pages.grefs.join(" ")}`);
  console.log(`${granter} writes into the first page: ${text(view.bytes)}`);
  return pages;
}

/** The peer: maps the pages, reads the first, and answers in the second. */
function read(mapper: GrantMapper, granterDomid: number, grefs: readonly number[]): void {
  using view = mapper.map(granterDomid, grefs, { writable: true });
  console.log(`${peer} maps the pages of domain ${granterDomid} and reads: ${text(view.bytes)}`);
  new TextEncoder().encodeInto("hello from the peer", view.bytes.subarray(PAGE_SIZE + 1));
  view.bytes[PAGE_SIZE] = ANSWERED;
}

/** The granter again: waits for the answer in the second page. */
async function waitForAnswer(pages: SharedPages): Promise<void> {
  using view = pages.map({ start: 1 });
  while (view.bytes[0] !== ANSWERED) await sleep(10);
  console.log(`${granter} reads the answer in the second page: ${text(view.bytes.subarray(1))}`);
}

/** Decodes the text before the first zero byte. */
function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}
