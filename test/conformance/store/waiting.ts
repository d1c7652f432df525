import { assertEquals } from "../asserts.ts";
import { deadline } from "../timing.ts";
import { assertRefused, rejected } from "./asserts.ts";
import { needing, type StoreTests } from "./needs.ts";
import { permissionsOf } from "./setup.ts";

/** Waiting for values, and for removals. */
export const waiting: StoreTests = {
  async "takes the value that is there"({ ours: { xenstore, folder } }) {
    await xenstore.write(`${folder}/a`, "value");
    assertEquals(await deadline(xenstore.waitFor(`${folder}/a`), "the value"), "value");
  },
  async "takes the value that comes, and that the predicate accepts"({ ours, another }) {
    const { xenstore, folder } = ours;
    const writer = await another(ours);
    const any = xenstore.waitFor(`${folder}/a`);
    const ready = xenstore.waitFor(`${folder}/a`, (text) => Promise.resolve(text === "ready"));
    await xenstore.ownDomid().catch(() => {});
    await writer.write(`${folder}/a`, "starting");
    assertEquals(await deadline(any, "a value"), "starting");
    await writer.write(`${folder}/a`, "ready");
    assertEquals(await deadline(ready, "the value"), "ready");
  },
  "takes a value of another domain as soon as it may be read": needing(["two domains"], async ({ strangers }) => {
    const { owner, stranger } = strangers;
    const ready = stranger.xenstore.waitFor(`${owner.absolute}/a`, undefined, { timeout: 30_000 });
    await stranger.xenstore.list(stranger.folder);
    await owner.xenstore.write(`${owner.folder}/a`, "value");
    await owner.xenstore.setPermissions(
      `${owner.folder}/a`,
      permissionsOf(owner, { domid: stranger.domid, access: "read" }),
    );
    assertEquals(await ready, "value");
    const gone = stranger.xenstore.waitForRemoval(`${owner.absolute}/a`, { timeout: 30_000 });
    await stranger.xenstore.list(stranger.folder);
    await owner.xenstore.setPermissions(`${owner.folder}/a`, permissionsOf(owner));
    await gone;
  }),
  async "ends by its timeout, and by its signal"({ ours: { xenstore, folder } }) {
    for (const timeout of [0, 10]) {
      const error = await assertRefused(xenstore.waitFor(`${folder}/none`, undefined, { timeout }), "timed-out");
      assertEquals(error.path, `${folder}/none`);
    }
    await assertRefused(xenstore.waitForRemoval(folder, { timeout: 1 }), "timed-out");
    const controller = new AbortController();
    const { signal } = controller;
    const waits = [
      xenstore.waitFor(`${folder}/none`, undefined, { signal }),
      xenstore.waitForRemoval(folder, { signal }),
    ];
    for (const wait of waits) wait.catch(() => {});
    await xenstore.list(folder);
    controller.abort("given up");
    for (const wait of waits) assertEquals(await rejected(wait, "the reason"), "given up");
    assertEquals(await rejected(xenstore.waitFor(folder, undefined, { signal }), "the reason"), "given up");
  },
  async "passes on what the predicate throws, and values that are no text"({ ours: { xenstore, folder } }) {
    const thrown = new Error("thrown");
    const wait = xenstore.waitFor(folder, () => {
      throw thrown;
    });
    assertEquals(await rejected(wait, "the error"), thrown);
    await xenstore.write(`${folder}/a`, Uint8Array.of(0xff));
    await assertRefused(xenstore.waitFor(`${folder}/a`), "malformed");
  },
  async "for a removal ends when the node goes, alone or with one above it"({ ours, another }) {
    const { xenstore, folder } = ours;
    const other = await another(ours);
    await deadline(xenstore.waitForRemoval(`${folder}/none`), "the removal");
    for (const removed of ["a/b", "a"]) {
      await xenstore.write(`${folder}/a/b`, "");
      const gone = xenstore.waitForRemoval(`${folder}/a/b`);
      await xenstore.list(folder);
      await other.write(`${folder}/a/b`, "not yet");
      await other.remove(`${folder}/${removed}`);
      await deadline(gone, "the removal");
    }
  },
};
