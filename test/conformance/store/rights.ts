import { assertEquals } from "../asserts.ts";
import { assertRefused } from "./asserts.ts";
import { needing, type StoreTests } from "./needs.ts";
import { permissionsOf } from "./setup.ts";

const shown = (permissions: readonly { domid: number; access: string }[]) =>
  permissions.map(({ domid, access }) => `${access} ${domid}`);

/** Who may do what. Domain 0 may do everything, so most of this needs another domain. */
export const rights: StoreTests = {
  async "are read as they were set"({ ours, theirs }) {
    const { xenstore, folder } = ours;
    await xenstore.write(`${folder}/a`, "");
    const given = permissionsOf(ours, { domid: theirs.domid, access: "both" });
    await xenstore.setPermissions(`${folder}/a`, given);
    assertEquals(shown(await xenstore.permissions(`${folder}/a`)), shown(given));
    await xenstore.setPermissions(`${folder}/a`, [{ domid: ours.domid, access: "read" }]);
    assertEquals(shown(await xenstore.permissions(`${folder}/a`)), [`read ${ours.domid}`]);
    await assertRefused(xenstore.setPermissions(`${folder}/none`, given), "not-found");
  },
  async "are those of the node above, in a new node"({ ours, theirs }) {
    const { xenstore, folder } = ours;
    const given = permissionsOf(ours, { domid: theirs.domid, access: "read" });
    await xenstore.setPermissions(folder, given);
    await xenstore.write(`${folder}/a/b`, "");
    assertEquals(shown(await xenstore.permissions(`${folder}/a/b`)), shown(given));
  },
  "hide nodes from other domains": needing(["two domains"], async ({ strangers }) => {
    const { owner, stranger: { xenstore } } = strangers;
    await owner.xenstore.write(`${owner.folder}/a`, "secret");
    const path = `${owner.absolute}/a`;
    for (
      const refused of [
        xenstore.read(path),
        xenstore.list(path),
        xenstore.permissions(path),
        xenstore.write(path, "changed"),
        xenstore.remove(path),
        xenstore.mkdir(`${path}/b`),
        xenstore.setPermissions(path, permissionsOf(owner)),
      ]
    ) assertEquals((await assertRefused(refused, "denied")).path?.startsWith(path), true);
    assertEquals(await owner.xenstore.readText(path), "secret");
    assertEquals(await owner.xenstore.list(path), []);
  }),
  "hide whether a node is there, if the daemon does that": needing(["two domains"], async ({ strangers, target }) => {
    const { owner, stranger } = strangers;
    const missing = stranger.xenstore.read(`${owner.absolute}/none`);
    await assertRefused(missing, target.hidesMissing ? "denied" : "not-found");
  }),
  "let a domain read, write, or both": needing(["two domains"], async ({ strangers }) => {
    const { owner, stranger } = strangers;
    for (const access of ["read", "write", "both"] as const) {
      const path = `${owner.absolute}/${access}`;
      await owner.xenstore.write(path, "value");
      await owner.xenstore.setPermissions(path, permissionsOf(owner, { domid: stranger.domid, access }));
      if (access === "write") await assertRefused(stranger.xenstore.read(path), "denied");
      else assertEquals(await stranger.xenstore.readText(path), "value");
      if (access === "read") await assertRefused(stranger.xenstore.write(path, "theirs"), "denied");
      else await stranger.xenstore.write(path, "theirs");
      assertEquals(await owner.xenstore.readText(path), access === "read" ? "value" : "theirs");
    }
  }),
  "of all others are in the first entry, unless they have one of their own": needing(
    ["two domains"],
    async ({ strangers }) => {
      const { owner, stranger } = strangers;
      const path = `${owner.absolute}/a`;
      await owner.xenstore.write(path, "value");
      await owner.xenstore.setPermissions(path, [{ domid: owner.domid, access: "read" }]);
      assertEquals(await stranger.xenstore.readText(path), "value");
      const none = { domid: stranger.domid, access: "none" } as const;
      await owner.xenstore.setPermissions(path, [{ domid: owner.domid, access: "read" }, none]);
      await assertRefused(stranger.xenstore.read(path), "denied");
    },
  ),
  "let a domain make nodes below another's": needing(["two domains"], async ({ strangers }) => {
    const { owner, stranger } = strangers;
    const both = { domid: stranger.domid, access: "both" } as const;
    await owner.xenstore.setPermissions(owner.folder, permissionsOf(owner, both));
    await stranger.xenstore.write(`${owner.absolute}/made`, "by the stranger");
    assertEquals(await stranger.xenstore.readText(`${owner.absolute}/made`), "by the stranger");
    assertEquals(await owner.xenstore.list(owner.folder), ["made"]);
    await owner.xenstore.remove(`${owner.folder}/made`).catch(() => {});
  }),
  "are the owner's to set, and it cannot give a node away": needing(
    ["two domains"],
    async ({ strangers, unprivileged, ours, theirs }) => {
      const { owner, stranger } = strangers;
      const both = { domid: stranger.domid, access: "both" } as const;
      const path = `${owner.absolute}/a`;
      await owner.xenstore.write(path, "");
      await owner.xenstore.setPermissions(path, permissionsOf(owner, both));
      await assertRefused(stranger.xenstore.setPermissions(path, permissionsOf(owner, both)), "denied");
      const giver = unprivileged;
      const other = giver === ours ? theirs : ours;
      await assertRefused(giver.xenstore.setPermissions(giver.folder, permissionsOf(other)), "denied");
    },
  ),
  "are no obstacle for domain 0": needing(["domain 0"], async ({ privileged: all, ours, theirs }) => {
    const other = all === ours ? theirs : ours;
    const path = `${other.absolute}/a`;
    await other.xenstore.write(path, "private");
    assertEquals(await all.xenstore.readText(path), "private");
    await all.xenstore.write(path, "changed");
    await all.xenstore.setPermissions(path, permissionsOf(other));
    assertEquals(await other.xenstore.readText(path), "changed");
    await all.xenstore.remove(path);
    await assertRefused(other.xenstore.read(path), "not-found");
  }),
};
