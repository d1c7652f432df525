/** A random program that uses XenStore from one domain, for tests of what is between the program and the daemon. */
import { StoreError, type StoreWatch, XenStore } from "../../src/xenstore/mod.ts";
import type { XenDomain } from "../../src/contract/backend.ts";
import { Random } from "./random.ts";

/**
 * Runs a program that reads, writes, lists, watches and makes transactions, several at a time. Opens a new XenStore
 * when one is lost. Everything must settle, and only with a `StoreError`.
 *
 * @returns How many operations failed.
 */
export async function storeProgram(domain: Pick<XenDomain, "store">, seed: number, steps = 40): Promise<number> {
  const random = new Random(seed);
  const pending: Promise<unknown>[] = [];
  const watches: StoreWatch[] = [];
  let store: XenStore | undefined;
  let failed = 0;
  const attempt = async (operation: () => Promise<unknown>) => {
    try {
      await operation();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      failed++;
      if (error.code === "disconnected") store = undefined;
    }
  };
  const path = () => `data/${random.pick(["a", "b", "a/c", "a/d", "e"])}`;
  const operations = {
    read: (on: XenStore) => on.read(path()),
    write: (on: XenStore) => on.write(path(), "x".repeat(random.below(30))),
    list: (on: XenStore) => on.list(path()),
    remove: (on: XenStore) => on.remove(path()),
    permissions: (on: XenStore) => on.permissions(path()),
    watch: (on: XenStore) => {
      const watch = on.watch(path());
      watches.push(watch);
      return watch.next();
    },
    unwatch: () => Promise.resolve(watches.splice(random.below(watches.length || 1), 1)[0]?.close()),
    transaction: (on: XenStore) =>
      on.transaction(async (transaction) => {
        await transaction.write(path(), "1");
        await transaction.list("data");
      }, { attempts: 3 }),
  };
  for (let step = 0; step < steps; step++) {
    if (store === undefined) {
      await attempt(async () => store = await XenStore.open(domain, { timeout: 200 }));
      if (store === undefined) continue;
    }
    const on = store;
    const operation = operations[random.pick(Object.keys(operations) as (keyof typeof operations)[])];
    pending.push(attempt(() => operation(on)));
    if (random.chance(30)) await Promise.all(pending.splice(0));
  }
  await Promise.all(pending);
  for (const watch of watches) watch.close();
  // Gives the watches back, which happens in requests that nobody waits for.
  if (store !== undefined) await attempt(() => store!.ownDomid());
  store?.close();
  return failed;
}
