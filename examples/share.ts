/**
 * Shares two pages between two domains: one writes, the other reads and answers. They find each other by a name in
 * XenStore.
 *
 * ```sh
 * deno run examples/share.ts                                  # both sides, on a simulated Xen
 * deno run --allow-ffi examples/share.ts serve hello          # in a domU: shares with domain 0, and waits
 * deno run --allow-ffi examples/share.ts connect 5 hello      # in dom0: reads what domain 5 shares, and answers
 * deno run --allow-ffi examples/share.ts serve hello --to 5   # in dom0, for domain 5: there, run `connect 0 hello`
 * ```
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { denoDomain } from "../backends/deno.ts";
import { MockXen } from "../backends/mock.ts";
import { GrantDevice, GrantMapper, PAGE_SIZE, type SharedPages, type XenDomain } from "../mod.ts";
import { XenStore } from "../src/xenstore/mod.ts";

/** The first byte of the second page tells whether the peer has answered. */
const ANSWERED = 1;
/** How long each side waits for the other, in milliseconds. */
const PATIENCE = 60_000;

const USAGE = `usage: share.ts [serve <name> [--to <peer>] | connect <granter> <name>]

Without \`serve\` or \`connect\`, both sides run on a simulated Xen. With them, this domain is one side: run it with
--allow-ffi, as root, and the other side in the other domain, with the same name.

  <name>    a name without slashes, by which the two find each other
  --to      the domain that may map the pages: it must run already (default: 0)`;

/** Reads the command line, which may be wrong. */
function readArguments() {
  try {
    return parseArgs({
      options: { help: { type: "boolean", short: "h" }, to: { type: "string", default: "0" } },
      allowPositionals: true,
    });
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    Deno.exit(2);
  }
}

const { values, positionals } = readArguments();
if (values.help) {
  console.log(USAGE);
  Deno.exit();
}
const [role, ...rest] = positionals;
const to = Number(values.to);
const from = Number(rest[0]);
if (role === undefined) {
  const xen = new MockXen();
  console.log("on a simulated Xen, domain 1 shares pages and domain 0 maps them");
  await Promise.all([serve(xen.domain(1), "hello", 0), connect(xen.domain(0), 1, "hello")]);
} else if (role === "serve" && rest.length === 1 && Number.isInteger(to)) {
  await serve(denoDomain(), rest[0]!, to);
} else if (role === "connect" && rest.length === 2 && Number.isInteger(from)) {
  await connect(denoDomain(), from, rest[1]!);
} else {
  console.error(USAGE);
  Deno.exit(2);
}

/** The granter: shares two pages with a domain, says so in XenStore, and waits for the answer. */
async function serve(domain: XenDomain, name: string, peer: number): Promise<void> {
  using device = new GrantDevice(domain);
  using store = await XenStore.open(domain);
  const pages = share(device, peer);
  const folder = `data/${name}`;
  // What an earlier run has left names pages that are not shared any more.
  await store.mkdir("data");
  await store.remove(folder);
  try {
    await store.mkdir(folder);
    const granter = await store.ownDomid();
    // A new node takes the rights of its folder: only the peer may read it.
    await store.setPermissions(folder, [{ domid: granter, access: "none" }, { domid: peer, access: "read" }]);
    await store.write(`${folder}/grefs`, pages.grefs.join(" "));
    await waitForAnswer(pages);
  } catch (error) {
    // If the store is lost, too, the first error says more.
    await store.remove(folder).catch(() => {});
    throw error;
  }
  // References are used again, so nobody may find them once the pages are free.
  await store.remove(folder);
  pages.free();
  console.log(`the granter frees the pages: ${device.inspect().live} stay shared`);
}

/** The peer: learns the references in XenStore, maps the pages, and answers. */
async function connect(domain: XenDomain, granter: number, name: string): Promise<void> {
  using store = await XenStore.open(domain);
  const grefs = await store.waitFor(`/local/domain/${granter}/data/${name}/grefs`, undefined, { timeout: PATIENCE });
  using mapper = new GrantMapper(domain);
  // The other domain may have written anything. The mapper checks the numbers.
  read(mapper, granter, grefs.split(" ").map(Number));
}

/** The granter: shares two pages, and writes into the first. */
function share(device: GrantDevice, peerDomid: number): SharedPages {
  const pages = device.open().allocate(peerDomid, { pages: 2, writable: true });
  using view = pages.map();
  new TextEncoder().encodeInto("hello from the granter", view.bytes);
  console.log(`the granter shares 2 pages with domain ${peerDomid}: grefs ${pages.grefs.join(" ")}`);
  console.log(`the granter writes into the first page: ${text(view.bytes)}`);
  return pages;
}

/** The peer: maps the pages, reads the first, and answers in the second. */
function read(mapper: GrantMapper, granterDomid: number, grefs: readonly number[]): void {
  using view = mapper.map(granterDomid, grefs, { writable: true });
  console.log(`the peer maps the pages of domain ${granterDomid} and reads: ${text(view.bytes)}`);
  new TextEncoder().encodeInto("hello from the peer", view.bytes.subarray(PAGE_SIZE + 1));
  view.bytes[PAGE_SIZE] = ANSWERED;
}

/** The granter again: waits for the answer in the second page. */
async function waitForAnswer(pages: SharedPages): Promise<void> {
  using view = pages.map({ start: 1 });
  const end = performance.now() + PATIENCE;
  while (view.bytes[0] !== ANSWERED) {
    if (performance.now() > end) throw new Error(`the peer has not answered within ${PATIENCE} ms`);
    await sleep(10);
  }
  console.log(`the granter reads the answer in the second page: ${text(view.bytes.subarray(1))}`);
}

/** Decodes the text before the first zero byte. */
function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}
