import { assert, assertEquals } from "../asserts.ts";
import { deadline } from "../timing.ts";
import { assertDone, assertEvents, assertNext, rejected } from "./asserts.ts";
import { needing, type StoreTests } from "./needs.ts";
import { permissionsOf } from "./setup.ts";

/**
 * Watches. Where nothing must come, the tests do not wait for it: they change something else, whose event comes after
 * the one that must not.
 */
export const watching: StoreTests = {
  async "begin with an event, whether the node is there or not"({ ours: { xenstore, folder } }) {
    for (const path of [folder, `${folder}/none`]) {
      const watch = xenstore.watch(path);
      await assertNext(watch, path);
      watch.close();
    }
  },
  async "say what was written, made and removed, on the node and below"({ ours: { xenstore, folder }, another, ours }) {
    const other = await another(ours);
    const watch = xenstore.watch(folder);
    await assertNext(watch, folder);
    for (const path of [folder, `${folder}/a`, `${folder}/b/c`]) {
      await other.write(path, "value");
      await assertNext(watch, path);
    }
    await other.mkdir(`${folder}/d`);
    await assertNext(watch, `${folder}/d`);
    await other.remove(`${folder}/a`);
    await assertNext(watch, `${folder}/a`);
    await other.setPermissions(`${folder}/b`, permissionsOf(ours));
    await assertNext(watch, `${folder}/b`);
  },
  async "have relative paths if the watched one is"({ ours: { xenstore, folder, absolute } }) {
    const relative = xenstore.watch(folder);
    const other = xenstore.watch(absolute);
    await assertNext(relative, folder);
    await assertNext(other, absolute);
    await xenstore.write(`${absolute}/a`, "");
    await assertNext(relative, `${folder}/a`);
    await assertNext(other, `${absolute}/a`);
  },
  async "say when the node is written with the value it has, and nothing when it is made again"({
    ours: { xenstore, folder },
  }) {
    await xenstore.write(`${folder}/a`, "value");
    const watch = xenstore.watch(folder);
    await assertNext(watch, folder);
    await xenstore.write(`${folder}/a`, "value");
    await assertNext(watch, `${folder}/a`);
    await xenstore.mkdir(`${folder}/a`);
    await xenstore.write(`${folder}/last`, "");
    await assertNext(watch, `${folder}/last`);
  },
  async "say nothing of nodes beside and above"({ ours: { xenstore, folder } }) {
    await xenstore.write(`${folder}/a/b`, "");
    const watch = xenstore.watch(`${folder}/a`);
    await assertNext(watch, `${folder}/a`);
    for (const path of [folder, `${folder}/aa`, `${folder}/b`]) await xenstore.write(path, "other");
    await xenstore.write(`${folder}/a/b`, "last");
    await assertNext(watch, `${folder}/a/b`);
  },
  async "say that a node was removed with one above it"({ ours: { xenstore, folder } }) {
    await xenstore.write(`${folder}/a/b/c`, "");
    const watch = xenstore.watch(`${folder}/a/b/c`);
    await assertNext(watch, `${folder}/a/b/c`);
    await xenstore.remove(`${folder}/a`);
    await assertNext(watch, `${folder}/a/b/c`);
  },
  async "lose no last change, however many there are"({ ours: { xenstore, folder }, another, ours }) {
    const writer = await another(ours);
    const watch = xenstore.watch(`${folder}/a`);
    const last = "49";
    const write = async () => {
      for (let number = 0; number <= Number(last); number++) await writer.write(`${folder}/a`, number);
    };
    let events = 0;
    const read = async () => {
      for await (const path of watch) {
        events++;
        if (await xenstore.readText(path).catch(() => "none") === last) break;
      }
    };
    await deadline(Promise.all([write(), read()]), "the last change");
    assert(events <= 51, `${events} events of 50 changes`);
  },
  async "are each told, also if several watch the same node"({ ours, another }) {
    const { xenstore, folder } = ours;
    const stores = [xenstore, xenstore, await another(ours)];
    const watches = stores.map((store) => store.watch(folder));
    for (const watch of watches) await assertNext(watch, folder);
    await xenstore.write(`${folder}/a`, "");
    for (const watch of watches) await assertNext(watch, `${folder}/a`);
    watches[0]!.close();
    await xenstore.write(`${folder}/b`, "");
    for (const watch of watches.slice(1)) {
      await assertNext(watch, `${folder}/b`);
      watch.close();
    }
  },
  "on a node of another domain tell of what may be read": needing(["two domains"], async ({ strangers }) => {
    const { owner, stranger } = strangers;
    const watch = stranger.xenstore.watch(owner.absolute);
    await assertNext(watch, owner.absolute);
    await owner.xenstore.write(`${owner.folder}/a`, "private");
    await owner.xenstore.remove(`${owner.folder}/a`);
    await owner.xenstore.write(`${owner.folder}/a`, "private");
    const read = permissionsOf(owner, { domid: stranger.domid, access: "read" });
    await owner.xenstore.write(`${owner.folder}/b`, "public");
    await owner.xenstore.setPermissions(`${owner.folder}/b`, read);
    await assertNext(watch, `${owner.absolute}/b`);
    await owner.xenstore.write(`${owner.folder}/a`, "still private");
    await owner.xenstore.write(`${owner.folder}/b`, "changed");
    await assertNext(watch, `${owner.absolute}/b`);
    // Who loses the right learns of it.
    await owner.xenstore.setPermissions(`${owner.folder}/b`, permissionsOf(owner));
    await assertNext(watch, `${owner.absolute}/b`);
  }),
  async "end with the loop, with close(), and by their signal"({ ours: { xenstore, folder }, another, ours }) {
    const other = await another(ours);
    const left = xenstore.watch(folder);
    for await (const path of left) {
      assertEquals(path, folder);
      break;
    }
    const closed = xenstore.watch(folder);
    await assertNext(closed, folder);
    const waiting = closed.next();
    closed.close();
    assertEquals((await deadline(waiting, "the end")).done, true);
    const controller = new AbortController();
    const aborted = xenstore.watch(folder, { signal: controller.signal });
    await assertNext(aborted, folder);
    const reason = new Error("given up");
    const next = aborted.next();
    controller.abort(reason);
    assertEquals(await rejected(next, "the reason"), reason);
    await other.write(`${folder}/a`, "");
    for (const watch of [left, closed, aborted]) await assertDone(watch);
  },
  async "are given back when they end"({ ours: { xenstore, folder } }) {
    // More than a domain may have at a time.
    for (let round = 0; round < 150; round++) {
      const watch = xenstore.watch(folder);
      await assertNext(watch, folder);
      watch.close();
    }
  },
  async "tell of nodes that are not there any more, and of those that come again"({ ours: { xenstore, folder } }) {
    const watch = xenstore.watch(`${folder}/a`);
    await assertNext(watch, `${folder}/a`);
    for (let round = 0; round < 3; round++) {
      await xenstore.write(`${folder}/a/b`, "");
      await assertNext(watch, `${folder}/a/b`);
      await xenstore.remove(`${folder}/a`);
      await assertNext(watch, `${folder}/a`);
    }
  },
  async "tell of everything that came before somebody asks"({ ours: { xenstore, folder } }) {
    const watch = xenstore.watch(folder);
    await assertNext(watch, folder);
    const paths = ["a", "b", "c"].map((name) => `${folder}/${name}`);
    for (const path of paths) await xenstore.write(path, "");
    await assertEvents(watch, paths);
  },
};
