/**
 * Shares two pages with another domain: one side writes, the other reads and answers.
 *
 * ```sh
 * deno run examples/share.ts                                       # both sides, on a simulated machine
 * deno run --allow-ffi examples/share.ts --device both 0           # both sides in this domain, whose domid is 0, on a real Xen
 * deno run --allow-ffi examples/share.ts --device share 0          # in a domU: shares with domain 0, and waits for its answer
 * deno run --allow-ffi examples/share.ts --device read 5 819 820   # in dom0: reads what domain 5 shares with these references
 * ```
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { denoDomain } from "../backends/deno.ts";
import { MockXen } from "../backends/mock.ts";
import { GrantDevice, GrantMapper, PAGE_SIZE, type SharedPages } from "../mod.ts";

/** The first byte of the second page tells whether the peer has answered. */
const ANSWERED = 1;

/** The granter's side: shares two pages and writes into the first. */
function share(device: GrantDevice, peer: number): SharedPages {
  const pages = device.open().allocate(peer, { pages: 2, writable: true });
  using view = pages.map();
  new TextEncoder().encodeInto("hello from the granter", view.bytes);
  console.log(`shared with domain ${peer}: grefs ${pages.grefs.join(" ")}`);
  return pages;
}

/** The granter's side again: waits for the answer in the second page. */
async function waitForAnswer(pages: SharedPages): Promise<void> {
  using view = pages.map({ start: 1 });
  while (view.bytes[0] !== ANSWERED) await sleep(10);
  console.log(`the peer answers: ${text(view.bytes.subarray(1))}`);
}

/** The peer's side: maps the pages, reads the first and answers in the second. */
function read(mapper: GrantMapper, granter: number, grefs: readonly number[]): void {
  using view = mapper.map(granter, grefs, { writable: true });
  console.log(`domain ${granter} says: ${text(view.bytes)}`);
  new TextEncoder().encodeInto("hello from the peer", view.bytes.subarray(PAGE_SIZE + 1));
  view.bytes[PAGE_SIZE] = ANSWERED;
}

/** The text up to the first zero byte. */
function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

const { values, positionals } = parseArgs({ options: { device: { type: "boolean" } }, allowPositionals: true });
const [role = "both", ...numbers] = positionals;
const [domid = 0, ...grefs] = numbers.map(Number);
const roles: Record<string, number> = { both: 0, share: 0, read: 2 };
if (!(role in roles) || grefs.length !== roles[role] || (role !== "both" && !values.device) || isNaN(domid)) {
  console.error(
    "usage: share.ts [--device both <own domid> | --device share <peer> | --device read <granter> <gref> <gref>]",
  );
  Deno.exit(2);
}

// The only lines that know where they run. The simulated machine has two domains; on the device there is this one.
const xen = new MockXen();
const granter = values.device ? domid : 1;
using device = new GrantDevice(values.device ? denoDomain() : xen.domain(granter));
using mapper = new GrantMapper(values.device ? denoDomain() : xen.domain(domid));

if (role === "read") {
  read(mapper, granter, grefs);
} else {
  using pages = share(device, domid);
  if (role === "both") read(mapper, granter, pages.grefs);
  else console.log(`waiting for domain ${domid} to run: share.ts --device read <this domain> ${pages.grefs.join(" ")}`);
  await waitForAnswer(pages);
}
