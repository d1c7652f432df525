/**
 * Runs many random operations on the simulated Xen: pages are shared, mapped by both sides, written, unmapped and
 * freed. Prints the memory of the process after each tenth of them, and fails if the heap or the process grows after
 * the first.
 *
 * ```sh
 * deno task soak                   # ten million operations, with `memory: "slabs"`
 * deno task soak 1000000 buffers   # a million, with `memory: "buffers"`
 * ```
 */
import { parseArgs } from "node:util";
import { type MockMemory, MockXen } from "../backends/mock.ts";
import { GrantDevice, GrantMapper, type Mapping, type SharedPages } from "../mod.ts";

const { positionals: [operations = "10000000", memory = "slabs"] } = parseArgs({ allowPositionals: true });
const OPERATIONS = Number(operations);
if (!Number.isInteger(OPERATIONS) || OPERATIONS < 10) {
  console.error(
    `Cannot soak as the number of operations must be a whole number of at least 10: current value is ${operations}`,
  );
  Deno.exit(2);
}
/** The highest number of live allocations. */
const LIVE = 500;

const xen = new MockXen({ profile: "linux-5.16", limit: Infinity, memory: memory as MockMemory });
const device = new GrantDevice(xen.domain(1));
const mapper = new GrantMapper(xen.domain(0));
const collectGarbage = (globalThis as unknown as { gc(): void }).gc;

let allocator = device.open();
const heaps: number[] = [];
const residents: number[] = [];
const pages: SharedPages[] = [];
const mappings: Mapping[] = [];

/** Removes a random element from a list. */
function take<T>(list: T[]): T {
  const index = Math.floor(Math.random() * list.length);
  const taken = list[index]!;
  list[index] = list[list.length - 1]!;
  list.pop();
  return taken;
}

function step(): void {
  const choice = Math.random();
  if (choice < 0.3) {
    if (pages.length >= LIVE) take(pages)[Symbol.dispose]();
    pages.push(allocator.allocate(0, { pages: 1 + Math.floor(Math.random() * 4), writable: true }));
  } else if (choice < 0.5) {
    if (pages.length > 0) take(pages)[Symbol.dispose]();
  } else if (choice < 0.6 && pages.length > 0) {
    const one = pages[Math.floor(Math.random() * pages.length)]!;
    const view = one.map();
    view.bytes[0] = 1;
    mappings.push(view);
  } else if (choice < 0.7 && pages.length > 0) {
    mappings.push(mapper.map(1, pages[Math.floor(Math.random() * pages.length)]!.grefs));
  } else if (choice < 0.9999) {
    if (mappings.length > 0) take(mappings).unmap();
  } else {
    allocator.close();
    pages.length = 0;
    allocator = device.open();
  }
}

console.log("operations        live    rss MiB   heap MiB   external MiB");
for (let done = 0; done <= OPERATIONS; done++) {
  if (done % (OPERATIONS / 10) === 0) {
    collectGarbage();
    const { rss, heapUsed, external } = Deno.memoryUsage();
    heaps.push(heapUsed);
    residents.push(rss);
    const columns = [
      done,
      device.inspect().live,
      ...[rss, heapUsed, external].map((bytes) => (bytes / 2 ** 20).toFixed(1)),
    ];
    console.log(columns.map((value) => String(value).padStart(10)).join(" "));
  }
  step();
}
for (const mapping of mappings) mapping.unmap();
device.close();
mapper.close();
xen.assertClean();
console.log("everything was released");
for (const [name, sizes, slack] of [["heap", heaps, 2 ** 20], ["memory of the process", residents, 2 ** 25]] as const) {
  const [, first, ...later] = sizes;
  const most = Math.max(...later);
  if (most > first! * 1.5 + slack) {
    console.error(`the ${name} grew: from ${first} bytes after a tenth of the operations to ${most}`);
    Deno.exit(1);
  }
}
console.log("the memory stayed flat");
