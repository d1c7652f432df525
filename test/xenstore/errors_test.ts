/** What the daemon's refusals become. */
import { expect, test } from "vitest";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import { StoreError, XenStore } from "../../src/xenstore/mod.ts";
import { ScriptedStore } from "../support/scripted_store.ts";

/** The error of a call whose request is refused. */
async function refusal(type: number, name: string, call: (store: XenStore) => Promise<unknown>): Promise<StoreError> {
  const daemon = new ScriptedStore();
  const store = await XenStore.open({ store: daemon });
  daemon.answers.set(type, () => ({ error: name }));
  const error = await call(store).catch((error): StoreError => error) as StoreError;
  expect(error).toBeInstanceOf(StoreError);
  return error;
}

test.each([
  ["EACCES", "denied"],
  ["EPERM", "denied"],
  ["ENOENT", "not-found"],
  ["EEXIST", "exists"],
  ["EAGAIN", "conflict"],
  ["EINVAL", "invalid"],
  ["ENOSYS", "unsupported"],
  ["EOPNOTSUPP", "unsupported"],
  ["ENOSPC", "quota"],
  ["E2BIG", "quota"],
  ["ENOMEM", "quota"],
  ["EQUOTA", "quota"],
  ["EIO", "refused"],
  ["EWHATEVER", "refused"],
])("%s becomes `%s`, and keeps the daemon's name and the path", async (reason, code) => {
  const error = await refusal(StoreMessage.WRITE, reason, (store) => store.write("data/x", "1"));
  expect(error).toMatchObject({ code, reason, path: "data/x", operation: "write" });
  expect(error.message).toMatch(new RegExp(`^Cannot write \`data/x\`: [^.]+ \\(${reason}\\)\\. [A-Z].*\\.$`));
});

test.each<[number, string, (store: XenStore) => Promise<unknown>, string]>([
  [
    StoreMessage.READ,
    "EACCES",
    (store) => store.read("/local/domain/2/data"),
    "Cannot read `/local/domain/2/data`: this domain lacks the right to read it (EACCES). In your own home, have its " +
    "owner set that right with `setPermissions`. Below another domain, it may also not be there yet: `waitFor` waits " +
    "for both.",
  ],
  [
    StoreMessage.SET_PERMS,
    "EACCES",
    (store) => store.setPermissions("a", [{ domid: 0, access: "none" }]),
    "Cannot set permissions of `a`: only the owner of a node may do that, and only domain 0 may change the owner " +
    "(EACCES). Have the owner do it.",
  ],
  [
    StoreMessage.WATCH,
    "E2BIG",
    (store) => store.watch("a").next(),
    "Cannot watch `a`: the domain has as many watches as it may (usually 101 or 129), those of all its programs " +
    "together (E2BIG). Close watches.",
  ],
  [
    StoreMessage.TRANSACTION_START,
    "ENOSPC",
    (store) => store.transaction(() => {}),
    "Cannot start a transaction: the domain has as many open transactions as it may (usually 11), those of all its " +
    "programs together (ENOSPC). End others first.",
  ],
  [
    StoreMessage.TRANSACTION_END,
    "ENOENT",
    (store) => store.transaction(() => {}),
    "Cannot end a transaction: the daemon does not know it (ENOENT). Run it again.",
  ],
  [
    StoreMessage.IS_DOMAIN_INTRODUCED,
    "EACCES",
    (store) => store.isIntroduced(3),
    "Cannot ask for a domain: only a privileged domain, such as domain 0, may ask (EACCES). Instead, wait for the " +
    "removal of a node that the other domain owns.",
  ],
])("the message of a refused request %i with %s says the way out", async (type, name, call, message) => {
  expect((await refusal(type, name, call)).message).toBe(message);
});

test.each<[number, (store: XenStore) => Promise<unknown>]>([
  [StoreMessage.WRITE, (store) => store.write("a", "")],
  [StoreMessage.MKDIR, (store) => store.mkdir("a")],
  [StoreMessage.SET_PERMS, (store) => store.setPermissions("a", [{ domid: 0, access: "none" }])],
  [StoreMessage.WATCH, (store) => store.watch("a").next()],
  [StoreMessage.TRANSACTION_START, (store) => store.transaction(() => {})],
  [StoreMessage.TRANSACTION_END, (store) => store.transaction(() => {})],
])("a reached quota is named for request %i", async (type, call) => {
  const { code, message } = await refusal(type, "EQUOTA", call);
  expect(code).toBe("quota");
  expect(message).toMatch(/usually \d+/);
});

test("long paths are cut in messages, but not in `path`", async () => {
  const path = `a/${"b".repeat(2000)}`;
  const error = await refusal(StoreMessage.READ, "ENOENT", (store) => store.read(path));
  expect(error.path).toBe(path);
  expect(error.message.length).toBeLessThan(250);
});
