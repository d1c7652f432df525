import { XenStore } from "../../../src/xenstore/mod.ts";
import { assertEquals } from "../asserts.ts";
import { deadline } from "../timing.ts";
import { assertRefused, rejected } from "./asserts.ts";
import type { StoreTests } from "./needs.ts";

/** Many requests at once, requests that are given up, and the end. */
export const requests: StoreTests = {
  async "are carried out in the order of the calls, however many there are"({ ours: { xenstore, folder } }) {
    const count = 100;
    const reads: Promise<string>[] = [];
    for (let number = 0; number < count; number++) {
      xenstore.write(`${folder}/a`, number).catch(() => {});
      reads.push(xenstore.readText(`${folder}/a`));
    }
    const expected = Array.from({ length: count }, (_, number) => String(number));
    assertEquals(await deadline(Promise.all(reads), "all answers"), expected);
  },
  async "that are refused do not disturb others"({ ours: { xenstore, folder } }) {
    await xenstore.write(`${folder}/a`, "value");
    const all = Array.from({ length: 40 }, (_, number) => {
      return number % 2 === 0
        ? xenstore.readText(`${folder}/a`)
        : assertRefused(xenstore.read(`${folder}/none`), "not-found").then(({ code }) => code);
    });
    assertEquals(await Promise.all(all), all.map((_, number) => number % 2 === 0 ? "value" : "not-found"));
  },
  async "that are given up end with the signal's reason, and others go on"({ ours: { xenstore, folder } }) {
    await xenstore.write(`${folder}/a`, "old");
    const signal = AbortSignal.abort("given up");
    assertEquals(await rejected(xenstore.write(`${folder}/a`, "new", { signal }), "the reason"), "given up");
    const controller = new AbortController();
    const given = Array.from({ length: 30 }, () => xenstore.read(`${folder}/a`, { signal: controller.signal }));
    for (const read of given) read.catch(() => {});
    const other = xenstore.readText(`${folder}/a`);
    controller.abort("given up later");
    for (const read of given) assertEquals(await rejected(read, "the reason"), "given up later");
    assertEquals([await other, await xenstore.readText(`${folder}/a`)], ["old", "old"]);
  },
  async "of two connections go on independently"({ ours, another }) {
    const other = await another(ours);
    const { xenstore, folder } = ours;
    const names = Array.from({ length: 30 }, (_, number) => `${number}`);
    await Promise.all(names.map((name, number) => (number % 2 ? xenstore : other).write(`${folder}/${name}`, name)));
    const texts = names.map((name, number) => (number % 2 ? other : xenstore).readText(`${folder}/${name}`));
    assertEquals(await Promise.all(texts), names);
  },
  async "fail when the store is closed, and watches end"({ ours, another }) {
    const { xenstore, folder } = ours;
    const closing = await another(ours);
    const watch = closing.watch(folder);
    await watch.next();
    const waits = [
      ...Array.from({ length: 20 }, () => closing.read(folder)),
      closing.waitFor(`${folder}/none`),
      closing.transaction((transaction) => transaction.list(folder)),
    ];
    const refusals = waits.map((wait) => assertRefused(wait, "closed"));
    const next = watch.next();
    closing.close();
    closing.close();
    await Promise.all(refusals);
    assertEquals((await deadline(next, "the end of the watch")).done, true);
    assertEquals([closing.closed, watch.closed, xenstore.closed], [true, true, false]);
    await assertRefused(closing.read(folder), "closed");
    assertEquals(await xenstore.readText(folder), "");
  },
  async "of a store that is closed at once leave nothing behind"({ ours }) {
    for (let round = 0; round < 20; round++) {
      const store = await XenStore.open(ours);
      const watch = store.watch(ours.folder);
      watch.next().catch(() => {});
      store.transaction((transaction) => transaction.write(`${ours.folder}/a`, "")).catch(() => {});
      store.close();
    }
    assertEquals(await rejected(XenStore.open(ours, { signal: AbortSignal.abort("no") }), "the reason"), "no");
  },
};
