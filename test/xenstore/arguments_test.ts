/** Bad arguments are refused by name and bound, before anything is sent. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type StorePermission, XenStore } from "../../src/xenstore/mod.ts";
import { ScriptedStore } from "../support/scripted_store.ts";

let daemon: ScriptedStore;
let store: XenStore;
beforeEach(async () => {
  daemon = new ScriptedStore();
  store = await XenStore.open({ store: daemon });
});
afterEach(() => expect(daemon.sent.length).toBe(1));

const CHARACTERS = "have only the characters A-Z, a-z, 0-9, -, /, _ and @";

describe("a path", () => {
  const calls: [string, (path: string) => Promise<unknown>][] = [
    ["read", (path) => store.read(path)],
    ["read", (path) => store.readText(path)],
    ["read", (path) => store.readNumber(path)],
    ["write", (path) => store.write(path, "x")],
    ["make", (path) => store.mkdir(path)],
    ["remove", (path) => store.remove(path)],
    ["list", (path) => store.list(path)],
    ["get permissions", (path) => store.permissions(path)],
    ["set permissions", (path) => store.setPermissions(path, [{ domid: 0, access: "none" }])],
    ["watch", (path) => Promise.try(() => store.watch(path))],
    ["watch", (path) => store.waitFor(path)],
    ["watch", (path) => store.waitForRemoval(path)],
  ];
  test.each<[unknown, ErrorConstructor | TypeErrorConstructor | RangeErrorConstructor, string]>([
    [5, TypeError, "be a string: current value is 5"],
    [undefined, TypeError, "be a string: current value is undefined"],
    ["", RangeError, 'not be empty: current value is ""'],
    ["data/ü", RangeError, `${CHARACTERS}: current value has "ü"`],
    ["data/😀", RangeError, `${CHARACTERS}: current value has "😀"`],
    ["data/a b", RangeError, `${CHARACTERS}: current value has " "`],
    ["data/a\0b", RangeError, `${CHARACTERS}: current value has "\\u0000"`],
    ["data/a.b", RangeError, `${CHARACTERS}: current value has "."`],
    ["data//x", RangeError, 'have no empty part, as in `//`: current value is "data//x"'],
    ["//", RangeError, 'have no empty part, as in `//`: current value is "//"'],
    ["data/", RangeError, 'not end with `/`: current value is "data/"'],
    ["a".repeat(2049), RangeError, "have at most 2048 characters: current value has 2049"],
    [
      `/local/domain/12/${"a".repeat(2049)}`,
      RangeError,
      "have at most 2048 characters behind `/local/domain/N/`: current value has 2049",
    ],
    [`/local/domain/x/${"a".repeat(2048)}`, RangeError, "have at most 2048 characters: current value has 2064"],
  ])("case %# is refused", async (path, type, message) => {
    for (const [what, call] of calls) {
      const error = await call(path as string).catch((error): Error => error) as Error;
      expect(error).toBeInstanceOf(type);
      expect(error.message).toBe(`Cannot ${what} as \`path\` must ${message}`);
    }
  });
});

test.each<[unknown, TypeErrorConstructor | RangeErrorConstructor, string]>([
  [null, TypeError, "be a Uint8Array, a string or a number: current value is null"],
  [[1], TypeError, "be a Uint8Array, a string or a number: current value is an array"],
  [new Uint16Array(1), TypeError, "be a Uint8Array, a string or a number: current value is a Uint16Array"],
  [0.5, RangeError, `be a whole number from -9007199254740991 to 9007199254740991: current value is 0.5`],
  [NaN, RangeError, `be a whole number from -9007199254740991 to 9007199254740991: current value is NaN`],
  ["a\0", RangeError, "have no NUL if it is a string: pass a Uint8Array"],
  ["a\ud800", RangeError, 'have no lone surrogates: current value is "a\\ud800"'],
  [new Uint8Array(4095), RangeError, "be at most 4094 bytes beside its path: current value is 4095 bytes"],
  ["x".repeat(5000), RangeError, "be at most 4094 bytes beside its path: current value is 5000 bytes"],
  ["ü".repeat(2048), RangeError, "be at most 4094 bytes beside its path: current value is 4096 bytes"],
])("value %# is refused", async (value, type, message) => {
  const error = await store.write("a", value as string).catch((error): Error => error) as Error;
  expect(error).toBeInstanceOf(type);
  expect(error.message).toBe(`Cannot write as \`value\` must ${message}`);
});

test("the bound of a value is that of the connection", async () => {
  const device = new ScriptedStore();
  device.maxPayload = 4080;
  const other = await XenStore.open({ store: device });
  await expect(other.write("a", new Uint8Array(4079))).rejects.toThrow("at most 4078 bytes");
  await other.write("a", new Uint8Array(4078));
});

test("a value whose memory is gone is refused", async () => {
  const bytes = new Uint8Array(4);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  await expect(store.write("a", bytes)).rejects.toThrow("Cannot write as `value` has no memory");
});

test.each<[unknown, string]>([
  ["n0", '`permissions` must be an array: current value is "n0"'],
  [[], "`permissions` must have at least one entry, that of the owner"],
  [[7], "`permissions[0]` must be a plain object: current value is 7"],
  [[{ domid: 0 }], "`access` of `permissions[0]` must be one of `none`, `read`, `write` and `both`: current value is"],
  [[{ domid: 0, access: "rw" }], "`access` of `permissions[0]` must be one of `none`, `read`, `write` and `both`: cur"],
  [[{ domid: 0, access: "toString" }], "`access` of `permissions[0]` must be one of"],
  [
    [{ domid: 0, access: "none" }, { domid: 32752, access: "read" }],
    "`domid` of `permissions[1]` must be a whole number from 0 to 32751: current value is 32752",
  ],
  [[{ domid: 0, access: "none", right: 1 }], "there is no option `right` in `permissions[0]`"],
  [Array.from({ length: 2048 }, () => ({ domid: 0, access: "none" })), "the request must be at most 4096 bytes"],
])("permissions %# are refused", async (permissions, message) => {
  await expect(store.setPermissions("a", permissions as StorePermission[])).rejects.toThrow(
    `Cannot set permissions as ${message}`,
  );
});

test("domids are refused out of bounds", async () => {
  for (const domid of [-1, 32752, 0.5, NaN]) {
    const bound = `must be a whole number from 0 to 32751: current value is ${domid}`;
    await expect(store.domainPath(domid)).rejects.toThrow(`Cannot get a domain path as \`domid\` ${bound}`);
    await expect(store.isIntroduced(domid)).rejects.toThrow(`Cannot ask for a domain as \`domid\` ${bound}`);
    await expect(store.isAlive(domid)).rejects.toThrow(RangeError);
  }
});

test("options are refused that do not exist or have a wrong type", async () => {
  await expect(store.read("a", { timeout: 5 } as object)).rejects.toThrow(
    "Cannot read as there is no option `timeout`",
  );
  await expect(store.read("a", { signal: 5 } as object)).rejects.toThrow(
    "Cannot read as `signal` must be an AbortSignal: current value is 5",
  );
  await expect(store.read("a", AbortSignal.timeout(5) as object)).rejects.toThrow("must be a plain object");
  expect(() => store.watch("a", { timeout: 5 } as object)).toThrow("Cannot watch as there is no option `timeout`");
  await expect(store.waitFor("a", undefined, { timeout: -1 })).rejects.toThrow("Cannot wait as `timeout` must be");
  await expect(store.waitFor("a", { timeout: 1 } as never)).rejects.toThrow(
    "Cannot wait as `predicate` must be a function: current value is an Object",
  );
  await expect(store.transaction(5 as never)).rejects.toThrow("Cannot run a transaction as `body` must be a function");
  await expect(store.transaction(() => {}, { attempts: 0 })).rejects.toThrow(
    "Cannot run a transaction as `attempts` must be a whole number from 1 to 1000: current value is 0",
  );
});

test("`XenStore.open()` refuses domains without a store, and invalid limits", async () => {
  await expect(XenStore.open({} as never)).rejects.toThrow(
    "Cannot open XenStore as `store` of the domain must be a backend with a method `open`",
  );
  for (const timeout of [0, -1, 0.5, NaN, Infinity, 2 ** 31]) {
    await expect(XenStore.open({ store: daemon }, { timeout })).rejects.toThrow(
      `Cannot open XenStore as \`timeout\` must be a whole number from 1 to 2147483647: current value is ${timeout}`,
    );
  }
});

test("what is at the bounds is sent", async () => {
  const other = new ScriptedStore();
  const open = await XenStore.open({ store: other });
  for (const path of ["/", "a".repeat(2048), `/local/domain/32751/${"a".repeat(2048)}`, "@releaseDomain", "A-Z_0"]) {
    await expect(open.read(path)).rejects.toMatchObject({ code: "not-found" });
    expect(other.sent.at(-1)!.text).toBe(`${path}\0`);
  }
  await open.write("a", "x".repeat(4094));
  await open.write("a", Number.MAX_SAFE_INTEGER);
  expect(other.sent.at(-1)!.text).toBe("a\x009007199254740991");
});
