/** Pictures of a machine. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { EventChannels, GrantDevice, GrantMapper } from "../../mod.ts";
import { type DrawnMachine, drawXen } from "../../src/pictures/mod.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { elementsOf } from "./well_formed.ts";

/** How often a text is in a picture. */
const times = (svg: string, text: string) => svg.split(text).length - 1;

test("`drawXen()` says of a machine without domains that there are none", () => {
  const svg = drawXen(new MockXen().inspect());
  elementsOf(svg);
  expect(svg).toContain("<desc>The machine has no domains.</desc>");
});

test("`drawXen()` shows each page in its state", () => {
  const xen = new MockXen();
  const device = new GrantDevice(xen.domain(1));
  const pages = device.open().allocate(3, { pages: 4 });
  const freed = device.open().allocate(3, { writable: true });
  const mapper = new GrantMapper(xen.domain(3));
  mapper.map(1, pages.grefs.slice(0, 2));
  mapper.map(1, freed.grefs);
  freed.free();
  const svg = drawXen(xen.inspect());
  elementsOf(svg);
  expect(svg).toContain("reference 8: granted to domain 3, read-only; mapped by domain 3; granted by program 0");
  expect(svg).toContain("reference 11: granted to domain 3, read-only; granted by program 0");
  expect(svg).toContain(
    "reference 12: granted to domain 3, which may write; mapped by domain 3; freed by its owner, held by its peer",
  );
  // Beside the entry of the legend.
  expect(times(svg, 'class="f-mapped s-mapped"')).toBe(2 + 1);
  expect(times(svg, 'class="f-granted s-granted"')).toBe(2 + 1);
  expect(times(svg, 'class="f-held s-held"')).toBe(1 + 1);
  expect(svg).toContain("Domain 3 maps 3 pages of domain 1, some of which were freed.");
});

test("`drawXen()` shows void pages and ports of a domain that was restored", () => {
  const xen = new MockXen();
  const domain = xen.domain(1);
  new GrantDevice(domain).open().allocate(0, { pages: 2 });
  new EventChannels(domain).bindUnbound(0);
  domain.saveAndRestore({ domid: 5 });
  const svg = drawXen(xen.inspect());
  elementsOf(svg);
  expect(times(svg, "void: the domain was restored")).toBe(2);
  expect(svg).toContain("port 1: void");
  expect(svg).toContain("void since a restore");
});

test("`drawXen()` counts channels between two domains once, and tells waiting ports and interrupts apart", async () => {
  const xen = new MockXen();
  const ours = new EventChannels(xen.domain(1));
  const theirs = new EventChannels(xen.domain(0));
  for (let i = 0; i < 2; i++) theirs.bindInterdomain(1, ours.bindUnbound(0).port);
  ours.bindUnbound(9);
  theirs.bindVirq(3);
  const store = await XenStore.open(xen.domain(1));
  const svg = drawXen(xen.inspect());
  store.close();
  elementsOf(svg);
  expect(svg).toContain("2 event channels between domains 0 and 1.");
  expect(svg).toContain(">2 channels</text>");
  expect(svg).toContain("port 3: waits for domain 9");
  expect(svg).toContain("port 3: VIRQ 3");
  expect(svg).toContain("1 connection to XenStore");
});

test("`drawXen()` marks a destroyed domain whose pages are still mapped", () => {
  const xen = new MockXen();
  const pages = new GrantDevice(xen.domain(7)).open().allocate(0);
  new GrantMapper(xen.domain(0)).map(7, pages.grefs);
  xen.domain(7).destroy();
  expect(drawXen(xen.inspect())).toContain("Domain 7 (destroyed)");
});

test("`drawXen()` leaves out lines of a grid, and says how much", () => {
  const xen = new MockXen({ limit: 5000 });
  const allocator = new GrantDevice(xen.domain(1)).open();
  allocator.allocate(0, { pages: 200 }).free({ start: 1, count: 190 });
  const gap = drawXen(xen.inspect(), { width: 320 });
  expect(gap).toMatch(/… \d+ free/);
  allocator.allocate(0, { pages: 4000 });
  const many = drawXen(xen.inspect(), { width: 320 });
  expect(many).toMatch(/… and \d+ more, up to \d+/);
  expect(many.length).toBeLessThan(300_000);
});

test("`drawXen()` leaves out domains beyond the 64th, and arcs without room", () => {
  const xen = new MockXen();
  for (let domid = 1; domid <= 70; domid++) {
    new GrantMapper(xen.domain(0)).map(domid, new GrantDevice(xen.domain(domid)).open().allocate(0).grefs);
  }
  const svg = drawXen(xen.inspect());
  elementsOf(svg);
  expect(svg).toContain("… and 7 more domains");
  expect(svg).not.toContain("<circle");
  expect(svg).toContain("Domain 0 maps 1 page of domain 70.");
});

describe("options", () => {
  const report: DrawnMachine = { domains: [] };

  test("`title` is escaped, and names the picture", () => {
    const svg = drawXen(report, { title: 'a & b <"c">\u0000\ud800' });
    elementsOf(svg);
    expect(svg).toContain("<title>a &amp; b &lt;&quot;c&quot;&gt;\ufffd\ufffd</title>");
  });

  test("`theme` chooses the colours; `auto` has both", () => {
    expect(drawXen(report)).toContain("prefers-color-scheme:dark");
    for (const theme of ["light", "dark"] as const) {
      const svg = drawXen(report, { theme });
      expect(svg).toContain(`class="gntalloc-picture ${theme}"`);
      expect(svg).not.toContain("prefers-color-scheme");
    }
  });

  test.each([
    [
      { width: 319 },
      "Cannot draw the machine as `width` must be a whole number from 320 to 8192: current value is 319",
    ],
    [{ theme: "red" }, 'Cannot draw the machine as `theme` must be "auto", "light" or "dark": current value is "red"'],
    [{ title: 1 }, "Cannot draw the machine as `title` must be a string: current value is 1"],
  ])("%o is refused", (options, message) => {
    expect(() => drawXen(report, options as never)).toThrow(message);
  });
});

test("any report gives well-formed SVG, within its width", () => {
  const number = fc.nat(40);
  const maybe = fc.option(number, { nil: undefined });
  const domain = fc.record({
    domid: number,
    destroyed: fc.boolean(),
    limit: fc.oneof(fc.constant(Infinity), number),
    counted: number,
    processes: fc.array(fc.constant({}), { maxLength: 3 }),
    connections: fc.array(fc.constant({}), { maxLength: 3 }),
    grants: fc.uniqueArray(
      fc.record({
        gref: fc.integer({ min: 8, max: 900 }),
        domid: number,
        writable: fc.boolean(),
        process: maybe,
        held: fc.boolean(),
        mapped: fc.boolean(),
        voided: fc.boolean(),
      }),
      { selector: ({ gref }) => gref },
    ).map((grants) => grants.sort((one, other) => one.gref - other.gref)),
    mappings: fc.array(fc.record({
      writable: fc.boolean(),
      pages: fc.array(fc.record({ domid: number, gref: fc.integer({ min: 8, max: 900 }) })),
    })),
    ports: fc.array(fc.record({ port: number, domid: maybe, remotePort: maybe, virq: maybe, voided: fc.boolean() })),
  });
  const machine = fc.record({ domains: fc.uniqueArray(domain, { selector: ({ domid }) => domid, maxLength: 12 }) });
  fc.assert(
    fc.property(machine, fc.integer({ min: 320, max: 2000 }), (report, width) => {
      const svg = drawXen(report, { width });
      elementsOf(svg);
      for (const [, x, size] of svg.matchAll(/<rect x="([\d.]+)"[^>]* width="([\d.]+)"/g)) {
        expect(Number(x) + Number(size)).toBeLessThanOrEqual(width);
      }
    }),
    { numRuns: 60 },
  );
});

test.each([320, 960, 1600])("`drawXen()` marks pages that the peer may write to, at a width of %i", (width) => {
  const xen = new MockXen();
  const allocator = new GrantDevice(xen.domain(1)).open();
  allocator.allocate(0, { pages: 5, writable: true });
  allocator.allocate(0, { pages: 2 });
  expect(times(drawXen(xen.inspect(), { width }), 'height="1.5"')).toBe(5);
});
