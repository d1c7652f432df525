import { assert, assertEquals } from "../asserts.ts";
import { assertRefused, rejected } from "./asserts.ts";
import type { StoreTests } from "./setup.ts";

/** Quotas of an unprivileged domain, those that the target names. Its kernel and other programs may use some of them. */
export const quotas: StoreTests = {
  async "bound the value of a node"({ target, unprivileged }) {
    const most = target.quotas?.value;
    const side = unprivileged();
    if (most === undefined || side === undefined) return;
    const { xenstore, folder } = side;
    await xenstore.write(`${folder}/a`, "x".repeat(most));
    await assertRefused(xenstore.write(`${folder}/a`, "y".repeat(most + 1)), "quota");
    assertEquals(await xenstore.readText(`${folder}/a`), "x".repeat(most));
    await assertRefused(xenstore.write(`${folder}/b`, "y".repeat(most + 1)), "quota");
  },
  async "bound the nodes"({ target, unprivileged }) {
    const most = target.quotas?.nodes;
    const side = unprivileged();
    if (most === undefined || side === undefined) return;
    const { xenstore, folder } = side;
    // The names below a node have a quota, too.
    const made = await countUntilRefused(most + 1, (number) => xenstore.mkdir(`${folder}/${number % 50}/${number}`));
    assert(made > 0 && made <= most, `${made} nodes were made, and the quota is ${most}`);
    await xenstore.write(folder, "those that are there can be written");
    await xenstore.remove(`${folder}/1`);
    await xenstore.mkdir(`${folder}/1`);
  },
  async "bound the watches"({ target, unprivileged, another }) {
    const { watches: most, watchRefusal } = target.quotas ?? {};
    const side = unprivileged();
    if (most === undefined || side === undefined) return;
    const store = await another(side);
    const made = await countUntilRefused(most + 1, async (number) => {
      await store.watch(`${side.folder}/${number}`).next();
    }, watchRefusal);
    assert(made > 0 && made <= most, `${made} watches were made, and the quota is ${most}`);
    store.close();
    // The daemon may learn a little later that they have ended.
    for (let left = 100; left > 0; left--) {
      const watch = side.xenstore.watch(side.folder);
      const failure = await watch.next().then(() => undefined, (error) => error);
      watch.close();
      if (failure === undefined) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error("the watches of a closed store still count");
  },
  async "bound the open transactions"({ target, unprivileged, another }) {
    const most = target.quotas?.transactions;
    const side = unprivileged();
    if (most === undefined || side === undefined) return;
    const end = new AbortController();
    const open: Promise<unknown>[] = [];
    const made = await countUntilRefused(most + 1, async () => {
      const store = await another(side);
      const { promise, resolve } = Promise.withResolvers<void>();
      const transaction = store.transaction(async () => {
        resolve();
        await new Promise(() => {});
      }, { signal: end.signal });
      transaction.catch(() => {});
      await Promise.race([promise, transaction]);
      open.push(transaction);
    });
    end.abort("enough");
    for (const transaction of open) assertEquals(await rejected(transaction, "the reason"), "enough");
    assert(made > 0 && made <= most, `${made} transactions were open, and the quota is ${most}`);
    await side.xenstore.transaction((transaction) => transaction.write(`${side.folder}/a`, "again"));
  },
};

/** Does something until a quota is reached. Returns how often it could be done. */
async function countUntilRefused(
  most: number,
  action: (number: number) => Promise<void>,
  code: "quota" | "invalid" = "quota",
): Promise<number> {
  for (let number = 0; number < most; number++) {
    const error: unknown = await action(number).then(() => undefined, (error) => error);
    if (error === undefined) continue;
    await assertRefused(Promise.reject(error), code);
    return number;
  }
  return most;
}
