import { assertEquals } from "../asserts.ts";
import { assertNext, assertRefused } from "./asserts.ts";
import type { StoreTests } from "./setup.ts";

/** What is known of domains. */
export const domains: StoreTests = {
  async "have homes"({ ours, theirs, target }) {
    for (const side of [ours, theirs]) {
      assertEquals(await side.xenstore.domainPath(ours.domid), `/local/domain/${ours.domid}`);
      if (target.hasHomes) assertEquals(await side.xenstore.ownDomid(), side.domid);
    }
  },
  async "are known to domain 0, and others know themselves"({ ours, theirs, target }) {
    if (!target.hasHomes) return;
    for (const { xenstore, domid } of [ours, theirs]) {
      for (const other of [ours.domid, theirs.domid]) {
        if (domid === 0) {
          assertEquals([await xenstore.isIntroduced(other), await xenstore.isAlive(other)], [true, true]);
        } else {
          await assertRefused(xenstore.isIntroduced(other), "denied");
          assertEquals(await xenstore.isAlive(other), other === domid ? true : undefined);
        }
      }
      assertEquals(await xenstore.isAlive(0x7fef), domid === 0 ? false : undefined);
    }
  },
  async "that come and go can be watched"({ ours, theirs }) {
    for (const { xenstore } of [ours, theirs]) {
      for (const name of ["@introduceDomain", "@releaseDomain"]) {
        const watch = xenstore.watch(name);
        await assertNext(watch, name);
        watch.close();
      }
    }
  },
};
