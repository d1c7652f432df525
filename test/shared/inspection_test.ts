/** What a person sees of a handle. */
import { expect, test } from "vitest";
import { inspect } from "node:util";
import { type MockDomain, MockXen } from "../../backends/mock.ts";
import { GrantDevice } from "../../mod.ts";
import { shorten, showAs } from "../../src/shared/inspection.ts";

class InternalPort {
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  static {
    showAs(InternalPort, "Port", (handle) => ({ port: handle.#port }));
  }
}

const port = new InternalPort(3);

test("Node shows the public name and the properties", () => {
  expect(inspect(port)).toBe("Port { port: 3 }");
  expect(inspect({ inner: [port] })).toBe("{ inner: [ Port { port: 3 } ] }");
  expect(inspect(port, { depth: -1 })).toBe("[Port]");
});

test.runIf("Deno" in globalThis)("Deno shows the same", () => {
  expect(Deno.inspect(port)).toBe("Port { port: 3 }");
  expect(Deno.inspect({ inner: [port] })).toBe("{ inner: [ Port { port: 3 } ] }");
});

test("`JSON.stringify` and the diffs of tests show the properties", () => {
  expect(JSON.stringify({ port })).toBe('{"port":{"port":3}}');
  expect(port).toMatchInlineSnapshot(`
    Port {
      "port": 3,
    }
  `);
  expect(() => expect(port).toBe(new InternalPort(4))).toThrow("Port");
});

test("a copy by jest, without private fields, shows the properties of the handle", () => {
  const copied: unknown = Reflect.get(port, Symbol.for("@jest/serializableProperties"));
  expect(copied).toEqual(["toJSON"]);
  const copy = Object.defineProperty(Object.create(InternalPort.prototype), "toJSON", {
    value: Reflect.get(port, "toJSON"),
  });
  expect(JSON.stringify(copy)).toBe('{"port":3}');
});

test("the tag is the public name: messages show it, and vitest shows the handle instead of a copy", () => {
  expect(Object.prototype.toString.call(port)).toBe("[object Port]");
  const xen = new MockXen() as unknown as MockDomain;
  expect(() => new GrantDevice(xen)).toThrow("the current domain, a MockXen, has none");
});

test("the class has the public name, and its type and keys stay as they are", () => {
  expect(port.constructor.name).toBe("Port");
  expect(Object.keys(port)).toEqual([]);
  const keys: string[] = [];
  for (const key in port) keys.push(key);
  expect(keys).toEqual([]);
});

test("never throws", () => {
  expect(inspect(InternalPort.prototype)).toBe("Port {}");
  expect(inspect(Object.create(port))).toBe("Port {}");
  expect(JSON.stringify(new Proxy(port, {}))).toBe("{}");
});

test("`shorten()` shows the first entries of a long list", () => {
  expect(shorten([1, 2, 3])).toEqual([1, 2, 3]);
  expect(shorten(Array.from({ length: 20 }, (_, index) => index))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, "… 12 more"]);
});
