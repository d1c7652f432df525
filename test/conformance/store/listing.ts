import { assertEquals } from "../asserts.ts";
import { assertRefused } from "./asserts.ts";
import { needing, type StoreTests } from "./needs.ts";
import { permissionsOf } from "./setup.ts";

/** Lists that do not fit into one message. Only domain 0 can have them, as others have a quota of names. */
export const listing: StoreTests = {
  "returns more than 4096 bytes of names, or says that this cannot be done": needing(["domain 0"], async (setup) => {
    const { ours, theirs, privileged: maker } = setup;
    const names = Array.from({ length: 300 }, (_, index) => `a-name-of-some-length-${index}`);
    await Promise.all(names.map((name) => maker.xenstore.mkdir(`${maker.folder}/${name}`)));
    const readers = [ours, theirs].filter(({ domid }) => domid !== maker.domid);
    const permissions = readers.map(({ domid }) => ({ domid, access: "read" as const }));
    await maker.xenstore.setPermissions(maker.folder, permissionsOf(maker, ...permissions));
    for (const { xenstore, longLists } of [ours, theirs]) {
      const list = xenstore.list(maker.absolute);
      if (longLists) assertEquals((await list).sort(), [...names].sort());
      else await assertRefused(list, "unsupported");
      // In both cases the connection goes on.
      assertEquals((await xenstore.permissions(maker.absolute)).length, 1 + readers.length);
    }
  }),
  "returns a list of exactly one message": needing(["domain 0"], async ({ privileged: maker }) => {
    // 64 names of 63 bytes, each with a NUL.
    const names = Array.from({ length: 64 }, (_, index) => `${index}`.padStart(63, "n"));
    await Promise.all(names.map((name) => maker.xenstore.mkdir(`${maker.folder}/${name}`)));
    assertEquals((await maker.xenstore.list(maker.folder)).sort(), [...names].sort());
  }),
  "sees each node once that stays while others come and go": needing(["long lists"], async ({ lister, another }) => {
    const names = Array.from({ length: 150 }, (_, index) => `a-name-that-stays-and-is-long-${index}`);
    await Promise.all(names.map((name) => lister.xenstore.mkdir(`${lister.folder}/${name}`)));
    const other = await another(lister);
    const change = async () => {
      for (let round = 0; round < 5; round++) {
        await other.mkdir(`${lister.folder}/comes-and-goes`);
        await other.remove(`${lister.folder}/comes-and-goes`);
      }
    };
    const [list] = await Promise.all([lister.xenstore.list(lister.folder), change()]);
    assertEquals(list.filter((name) => name !== "comes-and-goes").sort(), [...names].sort());
  }),
};
