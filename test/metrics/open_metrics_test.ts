/** Metrics as text. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice, GrantMapper } from "../../mod.ts";
import { METRICS, metrics, readMetrics } from "../../src/metrics/mod.ts";

/** A sample as it was read back. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads OpenMetrics text by its grammar, as far as gauges need it. Throws if it is not of that form. */
function parse(text: string): Sample[] {
  const lines = text.split("\n");
  if (lines.at(-1) !== "" || lines.at(-2) !== "# EOF") throw new Error("the text does not end with # EOF");
  const samples: Sample[] = [];
  const families: string[] = [];
  for (const line of lines.slice(0, -2)) {
    const [, keyword, family, rest] = /^# (TYPE|UNIT|HELP) ([a-z_]+) (.+)$/.exec(line) ?? [];
    if (keyword !== undefined) {
      if (keyword === "TYPE") {
        if (families.includes(family!)) throw new Error(`${family} comes twice`);
        families.push(family!);
      }
      if (families.at(-1) !== family) throw new Error(`${line} is not below its TYPE`);
      if (keyword === "UNIT" && !family!.endsWith(`_${rest}`)) throw new Error(`${family} does not end with ${rest}`);
      continue;
    }
    const [, name, labels = "", value] =
      /^([a-z_]+)(?:\{((?:[^"]|"(?:[^"\\]|\\.)*")+)\})? (\+Inf|[\d.e+-]+)$/.exec(line) ?? [];
    if (name !== families.at(-1)) throw new Error(`${line} is not below its TYPE`);
    const pairs = [...labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\\n]|\\.)*)",?/g)].map((
      [, key, quoted],
    ): [string, string] => [
      key!,
      quoted!.replace(/\\(.)/g, (_, character) => character === "n" ? "\n" : character),
    ]);
    samples.push({
      name: name!,
      labels: Object.fromEntries(pairs),
      value: value === "+Inf" ? Infinity : Number(value),
    });
  }
  return samples;
}

const values = (text: string) => Object.fromEntries(parse(text).map(({ name, value }) => [name, value]));

test("`metrics()` writes what the device holds", () => {
  const xen = new MockXen({ profile: "linux-5.16" });
  const device = new GrantDevice(xen.domain(1), { limit: 20 });
  const allocator = device.open();
  const share = allocator.share(0, { pages: 3 });
  const held = allocator.allocate(0, { pages: 2 });
  new GrantMapper(xen.domain(0)).map(1, held.grefs);
  held.free();
  const mapped = allocator.allocate(0);
  const mapping = mapped.map();
  mapped.free();
  expect(values(metrics(device))).toEqual({
    gntalloc_limit_pages: 20,
    gntalloc_live_pages: 6,
    gntalloc_listed_pages: 3,
    gntalloc_mapped_pages: 4,
    gntalloc_pending_pages: 2,
    gntalloc_freed_mapped_pages: 1,
    gntalloc_allocators: 1,
    gntalloc_mappings: 2,
  });
  mapping.unmap();
  share.release();
});

test("`metrics()` writes pages and ages by domain if allocations are tracked", () => {
  const device = new GrantDevice(new MockXen().domain(1), { trackAllocations: true });
  const allocator = device.open();
  allocator.allocate(7, { pages: 4 }).free({ start: 0, count: 1 });
  allocator.allocate(0);
  allocator.allocate(7);
  const samples = parse(metrics(device));
  const of = (name: string) => samples.filter((sample) => sample.name === name);
  expect(of("gntalloc_peer_pages").map(({ labels, value }) => [labels.domid, value])).toEqual([["7", 4], ["0", 1]]);
  const ages = of("gntalloc_oldest_allocation_seconds");
  expect(ages.map(({ labels }) => labels.domid)).toEqual(["7", "0"]);
  for (const { value } of ages) {
    expect(value).toBeGreaterThanOrEqual(0);
    expect(value).toBeLessThan(60);
  }
});

test("`metrics()` counts more allocations than a call can have arguments", () => {
  const report = new GrantDevice(new MockXen().domain(1), { trackAllocations: true }).inspect();
  const one = {
    domid: 7,
    writable: false,
    page: 0,
    pages: 1,
    grefs: [8],
    mappings: 0,
    freed: 0,
    freedPages: [],
    stack: "",
  };
  const allocations = Array.from({ length: 300_000 }, (_, index) => ({ ...one, age: index % 1000 }));
  const samples = parse(metrics({ inspect: () => ({ ...report, allocations }) }));
  expect(samples.slice(-2)).toEqual([
    { name: "gntalloc_peer_pages", labels: { domid: "7" }, value: 300_000 },
    { name: "gntalloc_oldest_allocation_seconds", labels: { domid: "7" }, value: 0.999 },
  ]);
});

test("`metrics()` writes no limit that it does not know, and `+Inf` for none", () => {
  const infinite = new GrantDevice(new MockXen({ limit: Infinity }).domain(1));
  infinite.open();
  expect(values(metrics(infinite)).gntalloc_limit_pages).toBe(Infinity);
  const report = { ...infinite.inspect(), limit: undefined };
  expect(values(metrics({ inspect: () => report }))).not.toHaveProperty("gntalloc_limit_pages");
});

test("`metrics()` gives each sample the labels, escaped", () => {
  const device = new GrantDevice(new MockXen().domain(1));
  const text = fc.string({ unit: fc.constantFrom('"', "\\", "\n", "a", "}", ",", "é") });
  fc.assert(fc.property(text, (value) => {
    for (const { labels } of parse(metrics(device, { labels: { service: value, zone: "b" } }))) {
      expect(labels).toEqual({ service: value, zone: "b" });
    }
  }));
});

test.each([
  [{ labels: { "a-b": "" } }, "the name of a label"],
  [{ labels: { domid: "3" } }, "the name of a label"],
  [{ labels: { __name: "3" } }, "the name of a label"],
  [{ labels: { a: 3 } }, "the label `a` must be"],
  [{ labels: new Map() }, "`labels` must be a plain object"],
  [{ label: {} }, "`label`"],
])("`metrics()` refuses %o", (options, message) => {
  const device = new GrantDevice(new MockXen().domain(1));
  expect(() => metrics(device, options as never)).toThrow(message);
});

test.each([[{}], [undefined], [{ inspect: 3 }]])("%o is no device", (device) => {
  const message =
    /^Cannot (write|read) metrics as `device` must have a method `inspect`, such as a GrantDevice: current/;
  expect(() => metrics(device as never)).toThrow(message);
  expect(() => readMetrics(device as never)).toThrow(message);
});

test("the names of `METRICS` end with their units, and none comes twice", () => {
  for (const { name, unit } of METRICS) {
    expect(name).toMatch(unit === "" ? /^gntalloc_[a-z_]+$/ : new RegExp(`_${unit}$`));
  }
  expect(new Set(METRICS.flatMap(({ name, instrument }) => [name, instrument])).size).toBe(2 * METRICS.length);
});
