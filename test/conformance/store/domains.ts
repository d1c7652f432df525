import { assertEquals } from "../asserts.ts";
import { assertNext, assertRefused } from "./asserts.ts";
import { needing, type StoreTests } from "./needs.ts";

/** What is known of domains. */
export const domains: StoreTests = {
  async "have homes"({ ours, theirs }) {
    for (const { xenstore } of [ours, theirs]) {
      for (const { domid } of [ours, theirs]) assertEquals(await xenstore.domainPath(domid), `/local/domain/${domid}`);
    }
  },
  "find their domid in their homes": needing(["homes"], async ({ ours, theirs }) => {
    for (const { xenstore, domid } of [ours, theirs]) assertEquals(await xenstore.ownDomid(), domid);
  }),
  "are known to domain 0": needing(["domain 0", "homes"], async ({ ours, theirs }) => {
    for (const { xenstore } of [ours, theirs].filter(({ domid }) => domid === 0)) {
      for (const { domid } of [ours, theirs]) {
        assertEquals([await xenstore.isIntroduced(domid), await xenstore.isAlive(domid)], [true, true]);
      }
      assertEquals(await xenstore.isAlive(0x7fef), false);
    }
  }),
  "without privileges know only themselves": needing(["unprivileged domain", "homes"], async ({ ours, theirs }) => {
    for (const { xenstore, domid } of [ours, theirs].filter(({ domid }) => domid !== 0)) {
      for (const { domid: other } of [ours, theirs]) {
        await assertRefused(xenstore.isIntroduced(other), "denied");
        assertEquals(await xenstore.isAlive(other), other === domid ? true : undefined);
      }
      assertEquals(await xenstore.isAlive(0x7fef), undefined);
    }
  }),
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
