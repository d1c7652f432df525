import { assertEquals } from "../asserts.ts";
import { assertRefused, assertRejects } from "./asserts.ts";
import type { StoreTests } from "./needs.ts";

/** Nodes and their values. */
export const nodes: StoreTests = {
  async "read what was written: text, numbers and bytes"({ ours: { xenstore, folder } }) {
    await xenstore.write(`${folder}/text`, "grüße");
    assertEquals(await xenstore.readText(`${folder}/text`), "grüße");
    await xenstore.write(`${folder}/number`, 4294967296);
    assertEquals(await xenstore.readText(`${folder}/number`), "4294967296");
    assertEquals(await xenstore.readNumber(`${folder}/number`), 4294967296);
    const bytes = Uint8Array.from({ length: 1900 }, (_, index) => index);
    await xenstore.write(`${folder}/bytes`, bytes);
    assertEquals([...await xenstore.read(`${folder}/bytes`)], [...bytes]);
    await assertRefused(xenstore.readText(`${folder}/bytes`), "malformed");
    await assertRefused(xenstore.readNumber(`${folder}/text`), "malformed");
    await xenstore.write(`${folder}/bytes`, "");
    assertEquals((await xenstore.read(`${folder}/bytes`)).length, 0);
  },
  async "have values that stay as they were read"({ ours: { xenstore, folder } }) {
    for (const length of [3, 100]) {
      const values = [1, 2].map((byte) => new Uint8Array(length).fill(byte));
      await xenstore.write(`${folder}/a`, values[0]!);
      await xenstore.write(`${folder}/b`, values[1]!);
      const first = await xenstore.read(`${folder}/a`);
      const second = await xenstore.read(`${folder}/b`);
      assertEquals([...first], [...values[0]!]);
      first.fill(9);
      assertEquals([...second], [...values[1]!]);
    }
  },
  async "are the same by their relative and their absolute path"({ ours, theirs }) {
    await ours.xenstore.write(`${ours.folder}/a`, "relative");
    assertEquals(await ours.xenstore.readText(`${ours.absolute}/a`), "relative");
    await ours.xenstore.write(`${ours.absolute}/a`, "absolute");
    assertEquals(await ours.xenstore.readText(`${ours.folder}/a`), "absolute");
    await theirs.xenstore.write(`${theirs.folder}/a`, "theirs");
    assertEquals(await theirs.xenstore.readText(`${theirs.absolute}/a`), "theirs");
    assertEquals(await ours.xenstore.readText(`${ours.folder}/a`), "absolute");
  },
  async "are made with the nodes above them"({ ours: { xenstore, folder } }) {
    await xenstore.write(`${folder}/a/b/c`, "value");
    assertEquals([await xenstore.readText(`${folder}/a`), await xenstore.readText(`${folder}/a/b`)], ["", ""]);
    await xenstore.mkdir(`${folder}/d/e`);
    assertEquals(await xenstore.readText(`${folder}/d/e`), "");
    assertEquals((await xenstore.list(folder)).sort(), ["a", "d"]);
  },
  async "keep their value and what is below when they are made again"({ ours: { xenstore, folder } }) {
    await xenstore.write(`${folder}/a/b`, "below");
    await xenstore.write(`${folder}/a`, "value");
    await xenstore.mkdir(`${folder}/a`);
    assertEquals(await xenstore.readText(`${folder}/a`), "value");
    assertEquals(await xenstore.list(`${folder}/a`), ["b"]);
  },
  async "that are not there are not found"({ ours: { xenstore, folder } }) {
    const none = `${folder}/none`;
    for (const request of [xenstore.read(none), xenstore.list(none), xenstore.permissions(none)]) {
      const { path, reason } = await assertRefused(request, "not-found");
      assertEquals([path, reason], [none, "ENOENT"]);
    }
  },
  async "are removed with all below them"({ ours: { xenstore, folder } }) {
    for (const name of ["a/b", "a/c/d", "e"]) await xenstore.write(`${folder}/${name}`, name);
    await xenstore.remove(`${folder}/a`);
    assertEquals(await xenstore.list(folder), ["e"]);
    await assertRefused(xenstore.read(`${folder}/a/c/d`), "not-found");
    await xenstore.write(`${folder}/a`, "again");
    assertEquals(await xenstore.list(`${folder}/a`), []);
  },
  async "that are not there can be removed, if the node above is there"({ ours: { xenstore, folder } }) {
    await xenstore.remove(`${folder}/none`);
    await assertRefused(xenstore.remove(`${folder}/none/below`), "not-found");
  },
  async "are listed by name, and only those directly below"({ ours: { xenstore, folder } }) {
    assertEquals(await xenstore.list(folder), []);
    const names = ["A-b_c", "x", "10", "9"];
    for (const name of names) await xenstore.write(`${folder}/${name}/below`, "");
    assertEquals((await xenstore.list(folder)).sort(), [...names].sort());
  },
  async "have paths that are checked before anything is sent"({ ours: { xenstore, folder } }) {
    for (const path of ["", `${folder}/`, `${folder}//a`, `${folder}/a b`, `${folder}/ä`, `${folder}\0`, "/a/"]) {
      await assertRejects(xenstore.write(path, "value"), RangeError);
    }
    await assertRejects(xenstore.read(1 as unknown as string), TypeError);
    await assertRejects(xenstore.write(`${folder}/a`, "a\0b"), RangeError);
    assertEquals(await xenstore.list(folder), []);
  },
  async "have values no larger than a message"({ ours: { xenstore, folder, store } }) {
    const connection = store.open();
    const { maxPayload } = connection;
    connection.close();
    const most = maxPayload - folder.length - 3;
    await assertRejects(xenstore.write(`${folder}/a`, new Uint8Array(most + 1)), RangeError);
    await assertRefused(xenstore.read(`${folder}/a`), "not-found");
    // A quota may be smaller.
    const error = await xenstore.write(`${folder}/a`, new Uint8Array(most)).catch((error) => error);
    if (error !== undefined) await assertRefused(Promise.reject(error), "quota");
    else assertEquals((await xenstore.read(`${folder}/a`)).length, most);
  },
};
