import { assert, assertEquals } from "../asserts.ts";
import type { StoreQuotas } from "../target.ts";
import { assertRefused, eventually, rejected } from "./asserts.ts";
import { needing, type StoreTests } from "./needs.ts";

/** Returns the tests of the given quotas of an unprivileged domain. Its kernel and other programs may use some of them. */
export function quotasOf({ value, nodes, watches, watchRefusal, transactions }: StoreQuotas): StoreTests {
  return {
    ...(value !== undefined && { "bound the value of a node": boundValue(value) }),
    ...(nodes !== undefined && { "bound the nodes": boundNodes(nodes) }),
    ...(watches !== undefined && { "bound the watches": boundWatches(watches, watchRefusal) }),
    ...(transactions !== undefined && { "bound the open transactions": boundTransactions(transactions) }),
  };
}

const boundValue = (most: number) =>
  needing(["unprivileged domain"], async ({ unprivileged: { xenstore, folder } }) => {
    await xenstore.write(`${folder}/a`, "x".repeat(most));
    await assertRefused(xenstore.write(`${folder}/a`, "y".repeat(most + 1)), "quota");
    assertEquals(await xenstore.readText(`${folder}/a`), "x".repeat(most));
    await assertRefused(xenstore.write(`${folder}/b`, "y".repeat(most + 1)), "quota");
  });

const boundNodes = (most: number) =>
  needing(["unprivileged domain"], async ({ unprivileged: { xenstore, folder } }) => {
    // The names below a node have a quota, too.
    const made = await countUntilRefused(most + 1, (number) => xenstore.mkdir(`${folder}/${number % 50}/${number}`));
    assert(made > 0 && made <= most, `${made} nodes were made, and the quota is ${most}`);
    await xenstore.write(folder, "those that are there can be written");
    await xenstore.remove(`${folder}/1`);
    await xenstore.mkdir(`${folder}/1`);
  });

const boundWatches = (most: number, refusal: StoreQuotas["watchRefusal"]) =>
  needing(["unprivileged domain"], async ({ unprivileged: side, another }) => {
    const store = await another(side);
    const made = await countUntilRefused(most + 1, async (number) => {
      await store.watch(`${side.folder}/${number}`).next();
    }, refusal);
    assert(made > 0 && made <= most, `${made} watches were made, and the quota is ${most}`);
    store.close();
    await eventually(async () => {
      const watch = side.xenstore.watch(side.folder);
      await watch.next().finally(() => watch.close());
    });
  });

const boundTransactions = (most: number) =>
  needing(["unprivileged domain"], async ({ unprivileged: side, another }) => {
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
  });

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
