/** What callers pass by mistake, and what they pass from another realm. */
import { afterEach, describe, expect, test } from "vitest";
import vm from "node:vm";
import { MockXen } from "../../backends/mock.ts";
import { show } from "../../src/contract/checks.ts";
import { GrantDevice, GrantError, GrantMapper } from "../../mod.ts";
import { CORE } from "../../wasm/core_embedded.ts";

function machine() {
  const xen = new MockXen();
  const domain = xen.domain(1);
  const device = new GrantDevice(domain);
  const allocator = device.open();
  const pages = allocator.allocate(0, { pages: 2, writable: true });
  return { xen, domain, device, allocator, pages, mapper: new GrantMapper(xen.domain(0)) };
}

afterEach(() => {
  for (const name of ["writable", "pages", "limit", "start", "clearByte", "offset"]) {
    delete (Object.prototype as Record<string, unknown>)[name];
  }
});

// deno-lint-ignore no-explicit-any
type Loose = any;

const CALLS: Record<string, [call: (m: ReturnType<typeof machine>, options: Loose) => unknown, names: string[]]> = {
  "new GrantDevice()": [(m, options) => new GrantDevice(m.domain, options), ["limit", "core"]],
  "share()": [(m, options) => m.allocator.share(0, options), ["pages", "writable", "unmapNotify"]],
  "allocate()": [(m, options) => m.allocator.allocate(0, options), ["pages", "writable"]],
  "map() of an allocator": [(m, options) => m.allocator.map(0, 1, options), ["writable"]],
  "map() of pages": [(m, options) => m.pages.map(options), ["start", "count", "writable"]],
  "free()": [(m, options) => m.pages.free(options), ["start", "count"]],
  "setUnmapNotify() of an allocator": [
    (m, options) => m.allocator.setUnmapNotify(0, options),
    ["clearByte", "eventPort"],
  ],
  "setUnmapNotify() of pages": [(m, options) => m.pages.setUnmapNotify(options), ["clearByte", "eventPort"]],
  "the notify of share()": [
    (m, options) => m.allocator.share(0, { unmapNotify: options }),
    ["clearByte", "eventPort"],
  ],
  "map() of a mapper": [(m, options) => m.mapper.map(1, m.pages.grefs, options), ["writable", "unmapNotify"]],
  "mapGrants()": [
    (m, options) => m.mapper.mapGrants([{ domid: 1, gref: m.pages.grefs[0]! }], options),
    ["writable", "unmapNotify"],
  ],
  "setUnmapNotify() of a mapping": [
    (m, options) => m.mapper.map(1, m.pages.grefs, { writable: true }).setUnmapNotify(options),
    ["clearByte", "eventPort"],
  ],
  "a segment of copy()": [(m, options) => m.mapper.copy([options]), ["from", "to", "length"]],
};

describe.each(Object.entries(CALLS))("the options of %s", (_, [call, names]) => {
  test("are refused if there is no such option", () => {
    const m = machine();
    const before = m.device.inspect();
    for (const name of ["signal", `${names[0]!}s`]) {
      expect(() => call(m, { [name]: 1 })).toThrow(TypeError);
      expect(() => call(m, { [name]: 1 })).toThrow(`there is no option \`${name}\``);
      for (const known of names) expect(() => call(m, { [name]: 1 })).toThrow(`\`${known}\``);
    }
    expect(() => call(m, { [`${names[0]!}s`]: 1 })).toThrow(`did you mean \`${names[0]}\`?`);
    expect(m.device.inspect()).toEqual(before);
  });

  test.each([AbortSignal.abort(), [], new Map(), new (class {})(), () => {}, 3, null, "writable"])(
    "are refused if they are no plain object: %s",
    (value) => {
      expect(() => call(machine(), value)).toThrow(TypeError);
      expect(() => call(machine(), value)).toThrow(/must be a plain object: current value is/);
    },
  );
});

describe("an option", () => {
  test("is read once", () => {
    const { allocator, pages, mapper } = machine();
    let reads = 0;
    const options = {
      get writable() {
        return reads++ === 0 ? true : "no boolean" as unknown as true;
      },
    };
    for (
      const call of [
        () => allocator.allocate(0, options),
        () => allocator.share(0, options),
        () => allocator.map(0, 1, options),
        () => pages.map(options),
        () => mapper.map(1, pages.grefs, options),
      ]
    ) {
      reads = 0;
      call();
      expect(reads).toBe(1);
    }
  });

  test("is not read from `Object.prototype`", () => {
    const { domain, allocator, mapper } = machine();
    Object.assign(Object.prototype, { writable: true, pages: 7, limit: 1, start: 9, clearByte: -1, offset: 5000 });
    const pages = allocator.allocate(0, {});
    expect([pages.count, pages.writable]).toEqual([1, false]);
    expect(mapper.map(1, pages.grefs, {}).writable).toBe(false);
    expect(pages.map({}).count).toBe(1);
    expect(allocator.share(0, { unmapNotify: {} }).count).toBe(1);
    expect(new GrantDevice(domain, {}).limit).toBe(1024);
    expect(mapper.copy([{ from: { domid: 1, gref: pages.grefs[0]! }, to: new Uint8Array(1) }])).toEqual(["okay"]);
  });
});

test("grants and places may have other properties: they are data", () => {
  const { pages, mapper } = machine();
  const place = { domid: 1, gref: pages.grefs[0]!, name: "ring" };
  expect(mapper.mapGrants([place]).count).toBe(1);
  expect(mapper.copy([{ from: place, to: new Uint8Array(4) }])).toEqual(["okay"]);
});

describe("a value of another realm is accepted", () => {
  const evaluate = (code: string) => vm.runInNewContext(code);

  test("options, arrays and bytes", () => {
    const { allocator, pages, mapper } = machine();
    expect(allocator.allocate(0, evaluate("({ pages: 3 })")).count).toBe(3);
    const ours = pages.map();
    ours.bytes[0] = 7;
    const target = evaluate("new Uint8Array(4)");
    ours.readInto(target);
    expect(target[0]).toBe(7);
    const grefs = evaluate(`[${pages.grefs}]`);
    expect(mapper.map(1, grefs).count).toBe(2);
    const from = { domid: 1, gref: pages.grefs[0]! };
    const to = evaluate("new Uint8Array(4)");
    expect(mapper.copy([{ from, to }])).toEqual(["okay"]);
    expect(to[0]).toBe(7);
  });

  test("a compiled core", () => {
    const bytes = Uint8Array.from(atob(CORE), (character) => character.charCodeAt(0));
    const core = vm.runInNewContext("new WebAssembly.Module(bytes)", { bytes });
    const device = new GrantDevice(new MockXen().domain(1), { core });
    expect(device.open().allocate(0).count).toBe(1);
  });

  test("memory that a backend maps", () => {
    const maps = {
      name: "other realm",
      open: () => ({
        map: () => ({ bytes: vm.runInNewContext("new Uint8Array(4096)"), unmap() {}, setUnmapNotify() {} }),
        copy: () => [],
        close() {},
      }),
    };
    expect(new GrantMapper({ maps }).map(1, [8]).read(0, 1)[0]).toBe(0);
  });
});

describe("an array without memory is refused", () => {
  test.each<[string, () => Uint8Array]>([
    ["transferred", () => {
      const array = new Uint8Array(8);
      array.buffer.transfer();
      return array;
    }],
    ["of a buffer that has shrunk", () => {
      const buffer = new ArrayBuffer(16, { maxByteLength: 16 });
      const array = new Uint8Array(buffer, 8, 8);
      buffer.resize(4);
      return array;
    }],
  ])("%s", (_, make) => {
    const { pages, mapper } = machine();
    const message = "has no memory: its buffer was transferred or resized";
    expect(() => pages.map().readInto(make())).toThrow(`Cannot read as \`target\` ${message}`);
    expect(() => mapper.map(1, pages.grefs).readInto(make())).toThrow(message);
    const place = { domid: 1, gref: pages.grefs[0]! };
    expect(() => mapper.copy([{ from: place, to: make() }])).toThrow(message);
    expect(() => mapper.copy([{ from: make(), to: place }])).toThrow(message);
  });

  test("but an empty one is filled with nothing", () => {
    const { pages } = machine();
    expect(() => pages.map().readInto(new Uint8Array(0))).not.toThrow();
  });
});

describe("a core that is none", () => {
  test.each([{}, 3, new Uint8Array(8)])("%s", (core) => {
    const { domain } = machine();
    expect(() => new GrantDevice(domain, { core: core as Loose })).toThrow("must be a WebAssembly.Module of the core");
  });

  test("another module", () => {
    const empty = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
    expect(() => new GrantDevice(machine().domain, { core: empty })).toThrow("current value is another module");
  });
});

describe("nothing that is passed gives an error of the engine", () => {
  const VALUES: unknown[] = [undefined, null, NaN, -1, 1n, "x", Symbol("x"), {}, [], [{}], [[]], () => {}, new Map()];
  const calls: Record<string, (m: ReturnType<typeof machine>, value: Loose) => unknown> = {
    "new GrantDevice()": (_, value) => new GrantDevice(value),
    "new GrantDevice() with a limit": (m, limit) => new GrantDevice(m.domain, { limit }),
    "new GrantMapper()": (_, value) => new GrantMapper(value),
    "limit": (m, value) => m.device.limit = value,
    "share()": (m, value) => m.allocator.share(value, { unmapNotify: value }),
    "share() with a notify": (m, value) => m.allocator.share(0, { unmapNotify: value }),
    "allocate()": (m, value) => m.allocator.allocate(value, value),
    "allocate() with pages": (m, pages) => m.allocator.allocate(0, { pages }),
    "has()": (m, value) => m.allocator.has(value, value),
    "map() of an allocator": (m, value) => m.allocator.map(0, value, value),
    "free() of an allocator": (m, value) => m.allocator.free(0, value),
    "setUnmapNotify()": (m, value) => m.allocator.setUnmapNotify(value, value),
    "map() of pages": (m, value) => m.pages.map({ start: value, count: value }),
    "setUnmapNotify() of pages": (m, value) => m.pages.setUnmapNotify({}, value),
    "read()": (m, value) => m.pages.map().read(value, value),
    "readInto()": (m, value) => m.pages.map().readInto(value, value),
    "map() of a mapper": (m, value) => m.mapper.map(1, value),
    "mapGrants()": (m, value) => m.mapper.mapGrants(value),
    "mapGrants() of one": (m, value) => m.mapper.mapGrants([value]),
    "copy()": (m, value) => m.mapper.copy(value),
    "copy() of one": (m, value) => m.mapper.copy([value]),
    "copy() from": (m, value) => m.mapper.copy([{ from: value, to: value, length: value }]),
    "setUnmapNotify() of a mapping": (m, value) => m.mapper.map(1, m.pages.grefs).setUnmapNotify(value),
  };

  test.each(Object.entries(calls))("%s", (_, call) => {
    const m = machine();
    for (const value of VALUES) {
      try {
        call(m, value);
      } catch (error) {
        expect((error as Error).message).toMatch(/^Cannot [a-z ]+ (as |\d|a |page)|^Cannot [a-z ]+: /);
        expect((error as Error).message).not.toMatch(/Cannot (read|convert|set) propert|is not (a function|iterable)/);
      }
    }
  });
});

describe("a `GrantError`", () => {
  test("has no `errno` of its own if the system gave none", () => {
    const error = new GrantError("m", { code: "closed", operation: "map" });
    expect(Object.keys(error).sort()).toEqual(["code", "name", "operation"]);
    expect("cause" in error).toBe(false);
    expect(new GrantError("m", { code: "closed", operation: "map", errno: 28 }).errno).toBe(28);
  });

  test.each<[Loose, string]>([
    [undefined, "the options must be a plain object: current value is undefined"],
    [{}, "`code` must be a string: current value is undefined"],
    [{ code: "closed" }, "`operation` must be a string"],
    [{ code: "closed", operation: "map", error: 1 }, "there is no option `error`"],
  ])("is not created with %o", (options, message) => {
    expect(() => new GrantError("m", options)).toThrow(`Cannot create a GrantError as ${message}`);
  });

  test("keeps its cause, even an undefined one", () => {
    const options = { code: "closed", operation: "map" } as const;
    expect(new GrantError("m", { ...options, cause: 5 }).cause).toBe(5);
    expect(Object.hasOwn(new GrantError("m", { ...options, cause: undefined }), "cause")).toBe(true);
  });
});

test("`show()` never throws", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  expect(show(proxy)).toBe("an object that cannot be read");
  expect(show({ [Symbol.toStringTag]: "x".repeat(1000) }).length).toBeLessThan(50);
  expect(show(Symbol("x"))).toBe("a Symbol");
});
