/** What each operation sends, and what it makes of the reply. */
import { expect, test } from "vitest";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { type Answer, ScriptedStore } from "../support/scripted_store.ts";

/** Opens a store whose daemon gives one answer to requests of a type. */
async function answering(type: number, answer: Answer): Promise<[XenStore, ScriptedStore]> {
  const daemon = new ScriptedStore();
  const store = await XenStore.open({ store: daemon });
  daemon.answers.set(type, () => answer);
  return [store, daemon];
}

const { READ, WRITE, MKDIR, RM, DIRECTORY, GET_PERMS, SET_PERMS, GET_DOMAIN_PATH, IS_DOMAIN_INTRODUCED } = StoreMessage;

test.each<[string, number, string, string, (store: XenStore) => Promise<unknown>, unknown]>([
  ["read", READ, "a/b\0", "\x00\xff", (store) => store.read("a/b"), Uint8Array.of(0, 255)],
  ["read of nothing", READ, "a\0", "", (store) => store.read("a"), new Uint8Array()],
  ["readText", READ, "/a\0", "gr\xc3\xbc\xc3\x9fe", (store) => store.readText("/a"), "grüße"],
  ["readText of nothing", READ, "/\0", "", (store) => store.readText("/"), ""],
  ["readText of ASCII", READ, "a\0", "4", (store) => store.readText("a"), "4"],
  ["readNumber", READ, "a\0", "-42", (store) => store.readNumber("a"), -42],
  ["readNumber of -0", READ, "a\0", "-0", (store) => store.readNumber("a"), 0],
  ["write of text", WRITE, "a\0gr\xc3\xbcn", "OK\0", (store) => store.write("a", "grün"), undefined],
  ["write of nothing", WRITE, "a\0", "OK\0", (store) => store.write("a", ""), undefined],
  ["write of a number", WRITE, "a\0-7", "OK\0", (store) => store.write("a", -7), undefined],
  ["write of bytes", WRITE, "a\0\x00\xff", "OK\0", (store) => store.write("a", Uint8Array.of(0, 255)), undefined],
  ["mkdir", MKDIR, "a\0", "OK\0", (store) => store.mkdir("a"), undefined],
  ["remove", RM, "a\0", "OK\0", (store) => store.remove("a"), undefined],
  ["list", DIRECTORY, "a\0", "x\0y\0", (store) => store.list("a"), ["x", "y"]],
  ["list of nothing", DIRECTORY, "a\0", "", (store) => store.list("a"), []],
  [
    "permissions",
    GET_PERMS,
    "a\0",
    "n0\0r1\0w32751\0b3\0",
    (store) => store.permissions("a"),
    [
      { domid: 0, access: "none" },
      { domid: 1, access: "read" },
      { domid: 32751, access: "write" },
      { domid: 3, access: "both" },
    ],
  ],
  [
    "setPermissions",
    SET_PERMS,
    "a\0n1\0r0\0w2\0b3\0",
    "OK\0",
    (store) =>
      store.setPermissions("a", [
        { domid: 1, access: "none" },
        { domid: 0, access: "read" },
        { domid: 2, access: "write" },
        { domid: 3, access: "both" },
      ]),
    undefined,
  ],
  ["ownDomid", READ, "domid\0", "5", (store) => store.ownDomid(), 5],
  ["domainPath", GET_DOMAIN_PATH, "7\0", "/local/domain/7\0", (store) => store.domainPath(7), "/local/domain/7"],
  ["isIntroduced", IS_DOMAIN_INTRODUCED, "0\0", "T\0", (store) => store.isIntroduced(0), true],
  ["isIntroduced of none", IS_DOMAIN_INTRODUCED, "32751\0", "F\0", (store) => store.isIntroduced(32751), false],
  ["isAlive", IS_DOMAIN_INTRODUCED, "3\0", "F\0", (store) => store.isAlive(3), false],
])("%s", async (_name, type, payload, answer, call, result) => {
  const [store, daemon] = await answering(type, answer);
  expect(await call(store)).toEqual(result);
  expect(daemon.sent.at(-1)).toEqual({ type, id: 2, transaction: 0, text: payload });
});

test("long values go out and come back whole", async () => {
  const daemon = new ScriptedStore();
  const store = await XenStore.open({ store: daemon });
  const text = "äb".repeat(1000);
  await store.write("a", text);
  expect(await store.readText("a")).toBe(text);
  const bytes = Uint8Array.from({ length: 4094 }, (_, index) => index);
  await store.write("a", bytes);
  expect(await store.read("a")).toEqual(bytes);
});

test("what `read()` returns is the caller's own", async () => {
  const [store] = await answering(READ, "abc");
  const first = await store.read("a");
  first.fill(0);
  expect(await store.read("a")).toEqual(Uint8Array.of(97, 98, 99));
});

test.each(["", " 1", "1 ", "0x10", "1.5", "1e3", "+1", "9007199254740993", "x", "1\0", "9".repeat(100), "\xff"])(
  "`readNumber()` refuses %j as malformed",
  async (value) => {
    const [store] = await answering(READ, value);
    await expect(store.readNumber("data/port")).rejects.toMatchObject({
      name: "StoreError",
      code: "malformed",
      operation: "read",
      path: "data/port",
    });
  },
);

test("`readText()` refuses what is not UTF-8 as malformed, and keeps a byte order mark", async () => {
  const [store, daemon] = await answering(READ, "a\xff");
  await expect(store.readText("data/x")).rejects.toThrow(
    "Cannot read `data/x`: its 2 bytes are not text in UTF-8. Read them with `read`, and check what the writer wrote.",
  );
  daemon.answers.set(READ, () => "\xef\xbb\xbfa");
  expect(await store.readText("a")).toBe("\ufeffa");
});

test("`isAlive()` in an unprivileged domain knows of the domain itself only", async () => {
  const [store] = await answering(IS_DOMAIN_INTRODUCED, { error: "EACCES" });
  expect(await store.isAlive(1)).toBe(true);
  expect(await store.isAlive(2)).toBeUndefined();
  await expect(store.isIntroduced(1)).rejects.toMatchObject({ code: "denied" });
});

test("`isAlive()` fails if the daemon refuses for another reason", async () => {
  const [store] = await answering(IS_DOMAIN_INTRODUCED, { error: "EIO" });
  await expect(store.isAlive(1)).rejects.toMatchObject({ code: "refused", reason: "EIO" });
});
