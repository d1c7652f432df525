import type { XenStore } from "../../../src/xenstore/mod.ts";
import { assert, assertEquals } from "../asserts.ts";
import { deadline } from "../timing.ts";
import { assertNext, assertRefused, eventually, rejected } from "./asserts.ts";
import { needing, type StoreTests } from "./needs.ts";
import { permissionsOf } from "./setup.ts";

const increment = (xenstore: XenStore, path: string, attempts = 1000) =>
  xenstore.transaction(async (transaction) => {
    const count = await transaction.readNumber(path) + 1;
    await transaction.write(path, count);
    return count;
  }, { attempts });

/** Transactions. */
export const transactions: StoreTests = {
  async "see what they change, and others see it at their end"({ ours, another }) {
    const { xenstore, folder } = ours;
    const other = await another(ours);
    await xenstore.write(`${folder}/old`, "old");
    await xenstore.write(`${folder}/gone/below`, "");
    const value = await xenstore.transaction(async (transaction) => {
      await transaction.write(`${folder}/old`, "changed");
      await transaction.mkdir(`${folder}/new`);
      await transaction.remove(`${folder}/gone`);
      await transaction.setPermissions(`${folder}/new`, [{ domid: ours.domid, access: "read" }]);
      assertEquals((await transaction.list(folder)).sort(), ["new", "old"]);
      assertEquals(await transaction.readText(`${folder}/old`), "changed");
      assertEquals((await transaction.permissions(`${folder}/new`))[0]!.access, "read");
      assertEquals((await other.list(folder)).sort(), ["gone", "old"]);
      assertEquals(await other.readText(`${folder}/old`), "old");
      return 7;
    });
    assertEquals(value, 7);
    assertEquals((await other.list(folder)).sort(), ["new", "old"]);
    assertEquals(await other.readText(`${folder}/old`), "changed");
    assertEquals((await other.permissions(`${folder}/new`))[0]!.access, "read");
  },
  async "change nothing when their function throws, or their signal is aborted"({ ours: { xenstore, folder } }) {
    await xenstore.write(`${folder}/a`, "old");
    const thrown = new Error("thrown");
    const failing = xenstore.transaction(async (transaction) => {
      await transaction.write(`${folder}/a`, "new");
      throw thrown;
    });
    assertEquals(await rejected(failing, "the error"), thrown);
    const controller = new AbortController();
    const aborted = xenstore.transaction(async (transaction) => {
      await transaction.write(`${folder}/a`, "new");
      controller.abort("given up");
      await transaction.write(`${folder}/b`, "new");
    }, { signal: controller.signal });
    assertEquals(await rejected(aborted, "the reason"), "given up");
    const refused = xenstore.transaction(async (transaction) => {
      await transaction.write(`${folder}/a`, "new");
      await transaction.read(`${folder}/none`);
    });
    await assertRefused(refused, "not-found");
    assertEquals(await xenstore.readText(`${folder}/a`), "old");
    assertEquals(await xenstore.list(folder), ["a"]);
  },
  async "run again when others change what they have read"({ ours, another }) {
    const { xenstore, folder } = ours;
    const other = await another(ours);
    await xenstore.write(`${folder}/a`, "1");
    let runs = 0;
    const sum = await xenstore.transaction(async (transaction) => {
      const a = await transaction.readNumber(`${folder}/a`);
      if (++runs === 1) await other.write(`${folder}/a`, "10");
      await transaction.write(`${folder}/b`, a + 1);
      return a + 1;
    });
    assertEquals([sum, runs], [11, 2]);
    assertEquals(await xenstore.readNumber(`${folder}/b`), 11);
  },
  async "conflict when somebody removes or makes what they have read"({ ours, another }) {
    const { xenstore, folder } = ours;
    const other = await another(ours);
    await xenstore.write(`${folder}/a`, "");
    let runs = 0;
    const found = await xenstore.transaction(async (transaction) => {
      const names = await transaction.list(folder);
      if (++runs === 1) await other.write(`${folder}/b`, "");
      else if (runs === 2) await other.remove(`${folder}/a`);
      await transaction.write(`${folder}/c`, "");
      return names;
    });
    assertEquals([...found, runs].sort(), [3, "b"].sort());
  },
  async "fail with conflict when they were tried as often as they may"({ ours, another }) {
    const { xenstore, folder } = ours;
    const other = await another(ours);
    await xenstore.write(`${folder}/a`, "0");
    let runs = 0;
    const conflicting = xenstore.transaction(async (transaction) => {
      await transaction.write(`${folder}/b`, await transaction.read(`${folder}/a`));
      await other.write(`${folder}/a`, String(++runs));
    }, { attempts: 3 });
    assertEquals((await assertRefused(conflicting, "conflict")).reason, "EAGAIN");
    assertEquals(runs, 3);
    assertEquals(await xenstore.list(folder), ["a"]);
  },
  async "count right, of several connections at once"({ ours, another }) {
    const { xenstore, folder } = ours;
    const path = `${folder}/count`;
    await xenstore.write(path, 0);
    const stores = [xenstore, xenstore, await another(ours), await another(ours)];
    const all = stores.flatMap((store) => [0, 1].map(() => increment(store, path)));
    const counts = await deadline(Promise.all(all), "all transactions");
    assertEquals(counts.sort((one, other) => one - other), [1, 2, 3, 4, 5, 6, 7, 8]);
    assertEquals(await xenstore.readNumber(path), 8);
  },
  async "of one store run one after the other"({ ours: { xenstore, folder } }) {
    let running = 0;
    const run = () =>
      xenstore.transaction(async (transaction) => {
        assertEquals(++running, 1);
        await transaction.write(`${folder}/a`, "");
        await transaction.list(folder);
        running--;
      });
    await Promise.all(Array.from({ length: 20 }, run));
  },
  async "tell watches at their end, and not if they are aborted"({ ours, another }) {
    const { xenstore, folder } = ours;
    const other = await another(ours);
    for (const name of ["a", "b"]) await xenstore.write(`${folder}/${name}`, "");
    const watch = other.watch(folder);
    await assertNext(watch, folder);
    await rejected(
      xenstore.transaction(async (transaction) => {
        await transaction.write(`${folder}/a`, "1");
        throw new Error("no");
      }),
      "the error",
    );
    await xenstore.transaction(async (transaction) => {
      await transaction.write(`${folder}/a`, "2");
      assertEquals(await xenstore.readText(`${folder}/a`), "");
      // Events come in order: that of an earlier change would come before this one.
      await other.write(`${folder}/b`, "outside");
      await assertNext(watch, `${folder}/b`);
    });
    await assertNext(watch, `${folder}/a`);
  },
  "of an unprivileged domain have its rights": needing(["two domains"], async ({ strangers }) => {
    const { owner, stranger } = strangers;
    await owner.xenstore.write(`${owner.folder}/a`, "secret");
    const path = `${owner.absolute}/a`;
    await assertRefused(stranger.xenstore.transaction((transaction) => transaction.read(path)), "denied");
    await assertRefused(stranger.xenstore.transaction((transaction) => transaction.write(path, "")), "denied");
    const both = permissionsOf(owner, { domid: stranger.domid, access: "both" });
    await owner.xenstore.setPermissions(path, both);
    await stranger.xenstore.transaction((transaction) => transaction.write(path, "changed"));
    assertEquals(await owner.xenstore.readText(path), "changed");
  }),
  async "cannot be used after their end"({ ours: { xenstore, folder } }) {
    const transaction = await xenstore.transaction((transaction) => ({ transaction }));
    await assertRefused(transaction.transaction.write(`${folder}/a`, ""), "closed");
    assert(!(await xenstore.list(folder)).includes("a"), "nothing was written");
  },
  async "end when their store is closed"({ ours, another }) {
    // More than a domain may have open, of each kind.
    for (let round = 0; round < 15; round++) {
      await eventually(async () => {
        const started = await another(ours);
        await assertRefused(started.transaction(() => Promise.resolve(started.close())), "closed");
        const starting = await another(ours);
        const refused = assertRefused(starting.transaction(() => new Promise(() => {})), "closed");
        // It may have been asked for, and not have begun.
        await new Promise((resolve) => setTimeout(resolve));
        starting.close();
        await refused;
      });
    }
    await eventually(() => ours.xenstore.transaction((transaction) => transaction.list(ours.folder)));
  },
  async "are given back when they end"({ ours: { xenstore, folder } }) {
    // More than a domain may have open, of each kind.
    for (let round = 0; round < 15; round++) {
      await xenstore.transaction((transaction) => transaction.list(folder));
      await rejected(xenstore.transaction(() => Promise.reject(new Error("no"))), "the error");
    }
  },
};
