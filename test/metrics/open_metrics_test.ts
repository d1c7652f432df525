/** Metrics as text. */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice, GrantMapper } from "../../mod.ts";
import { METRICS, metrics, readMetrics } from "../../src/metrics/mod.ts";
import { ensurePrometheusClient } from "../support/ensure.ts";
import { families, samplesOf } from "./prometheus.ts";

beforeAll(ensurePrometheusClient);

const values = async (text: string) =>
  Object.fromEntries((await samplesOf(text)).map(({ name, value }) => [name, value]));

test("`metrics()` writes what the device holds", async () => {
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
  expect(await values(metrics(device))).toEqual({
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

test("`metrics()` writes pages and ages by domain if allocations are tracked", async () => {
  const device = new GrantDevice(new MockXen().domain(1), { trackAllocations: true });
  const allocator = device.open();
  allocator.allocate(7, { pages: 4 }).free({ start: 0, count: 1 });
  allocator.allocate(0);
  allocator.allocate(7);
  const samples = await samplesOf(metrics(device));
  const of = (name: string) => samples.filter((sample) => sample.name === name);
  expect(of("gntalloc_peer_pages").map(({ labels, value }) => [labels.domid, value])).toEqual([["7", 4], ["0", 1]]);
  const ages = of("gntalloc_oldest_allocation_seconds");
  expect(ages.map(({ labels }) => labels.domid)).toEqual(["7", "0"]);
  for (const { value } of ages) {
    expect(value).toBeGreaterThanOrEqual(0);
    expect(value).toBeLessThan(60);
  }
});

test("`metrics()` counts more allocations than a call can have arguments", async () => {
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
  const samples = await samplesOf(metrics({ inspect: () => ({ ...report, allocations }) }));
  expect(samples.slice(-2)).toEqual([
    { name: "gntalloc_peer_pages", labels: { domid: "7" }, value: 300_000 },
    { name: "gntalloc_oldest_allocation_seconds", labels: { domid: "7" }, value: 0.999 },
  ]);
});

test("`metrics()` writes no limit that it does not know, and `+Inf` for none", async () => {
  const infinite = new GrantDevice(new MockXen({ limit: Infinity }).domain(1));
  infinite.open();
  expect((await values(metrics(infinite))).gntalloc_limit_pages).toBe(Infinity);
  const report = { ...infinite.inspect(), limit: undefined };
  expect(await values(metrics({ inspect: () => report }))).not.toHaveProperty("gntalloc_limit_pages");
});

test("`metrics()` gives each sample the labels, escaped", async () => {
  const device = new GrantDevice(new MockXen().domain(1));
  const text = fc.string({ unit: fc.constantFrom('"', "\\", "\n", "a", "}", ",", "é", "=", " ", "#") });
  const texts = fc.sample(text, 300);
  const read = await families(...texts.map((service) => metrics(device, { labels: { service, zone: "b" } })));
  for (const [index, service] of texts.entries()) {
    const labels = read[index]!.flatMap(({ samples }) => samples).map((sample) => sample.labels);
    expect(labels.length).toBeGreaterThan(5);
    for (const one of labels) expect(one).toEqual({ service, zone: "b" });
  }
});

test("`metrics()` says of each metric what it is, also to those who scrape", async () => {
  const device = new GrantDevice(new MockXen().domain(1), { trackAllocations: true });
  device.open().allocate(0);
  const [read] = await families(metrics(device));
  expect(read!.map(({ name, type, unit, help }) => ({ name, type, unit, help }))).toEqual(
    METRICS.map(({ name, unit, help }) => ({ name, type: "gauge", unit, help })),
  );
});

describe("several devices", () => {
  const domain = new MockXen().domain(1);
  const disk = new GrantDevice(domain, { limit: 9, trackAllocations: true });
  const net = new GrantDevice(domain, { limit: 20, trackAllocations: true });
  disk.open().allocate(7, { pages: 2 });
  net.open().allocate(7, { pages: 3 });
  const both = [{ device: disk, labels: { device: "disk" } }, { device: net, labels: { device: "net" } }];

  test("are in one text, in which each metric comes once", async () => {
    const [read] = await families(metrics(both, { labels: { service: "storage" } }));
    expect(read!.map(({ name }) => name)).toEqual(METRICS.map(({ name }) => name));
    const of = (name: string) => read!.find((family) => family.name === name)!.samples;
    expect(of("gntalloc_live_pages")).toEqual([
      { name: "gntalloc_live_pages", labels: { service: "storage", device: "disk" }, value: 2 },
      { name: "gntalloc_live_pages", labels: { service: "storage", device: "net" }, value: 3 },
    ]);
    expect(of("gntalloc_peer_pages").map(({ labels, value }) => [labels.device, labels.domid, value])).toEqual([
      ["disk", "7", 2],
      ["net", "7", 3],
    ]);
  });

  test("must not be written one after the other, which the parser refuses", async () => {
    await expect(families(metrics(disk) + metrics(net))).rejects.toThrow("ValueError");
  });

  test("may be none, and a label of a device goes before that of all", async () => {
    expect(await families(metrics([]))).toEqual([[]]);
    const samples = await samplesOf(metrics(both, { labels: { device: "any" } }));
    expect(new Set(samples.map(({ labels }) => labels.device))).toEqual(new Set(["disk", "net"]));
  });

  test.each<[unknown, object, string]>([
    [[disk], {}, "`devices[0]` must be a plain object: current value is a GrantDevice"],
    [[undefined], {}, "`devices[0]` must be a plain object: current value is undefined"],
    [[both[0], { device: {}, labels: {} }], {}, "`device` of `devices[1]` must have a method `inspect`"],
    [[{ device: disk }], {}, "`labels` of `devices[0]` must be a plain object: current value is undefined"],
    [[{ device: disk, labels: { domid: "1" } }], {}, 'and not be "domid": current value is "domid"'],
    [[{ device: disk, label: {} }], {}, "there is no option `label` in `devices[0]`"],
    [
      [...both, { device: net, labels: { device: "disk" } }],
      {},
      'the labels of `devices[2]` must differ from those of `devices[0]`: both have {"device":"disk"}',
    ],
    [[{ device: disk, labels: {} }, { device: net, labels: { a: "1" } }], { a: "1" }, "must differ"],
    [[{ device: disk, labels: {} }, { device: net, labels: { a: "" } }], {}, "must differ"],
  ])("are refused if they are %o with %o", (devices, labels, message) => {
    expect(() => metrics(devices as never, { labels: labels as never })).toThrow(message);
  });
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
