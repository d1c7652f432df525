/** Grant copies by one side, from and to pages that the other side shares. */

import { assertEquals } from "../../conformance/asserts.ts";
import type { Peer } from "./peers.ts";

/** Statuses of Xen: `GNTST_*` in its public header `grant_table.h`. */
const OKAY = 0;
const GENERAL_ERROR = -1;
const BAD_DOMAIN = -2;
const BAD_GNTREF = -3;

/**
 * A domain that does not exist, a reference beyond the end of a table of the usual size, and one that is not granted.
 */
const NO_DOMAIN = 30_000;
const BEYOND_TABLE = 3_000_000;
const NOT_GRANTED = 2;

/** Copies in both directions, and from page to page. */
export async function copyBothWays(granter: Peer, copier: Peer): Promise<void> {
  const [shared, first, second] = await granter.ask("share", copier.domid, 2, 1) as [number, number, number];
  const [local] = await copier.ask("local", 2) as [number];
  const grant = (gref: number, offset: number) => ["grant", granter.domid, gref, offset];

  await granter.ask("write", shared, 100, 1, 2, 3, 4);
  await copier.ask("write", local, 5000, 9, 8, 7);
  assertEquals(
    await copier.ask(
      "copy",
      ...[4, ...grant(first, 100), "local", local, 10],
      ...[3, "local", local, 5000, ...grant(second, 4093)],
      ...[4, ...grant(first, 100), ...grant(second, 0)],
    ),
    [OKAY, OKAY, OKAY],
  );
  assertEquals(await copier.ask("read", local, 9, 6), [0, 1, 2, 3, 4, 0], "from the page");
  assertEquals(await granter.ask("read", shared, 4096 + 4092, 4), [0, 9, 8, 7], "to the page's end");
  assertEquals(await granter.ask("read", shared, 4096, 5), [1, 2, 3, 4, 0], "from page to page");

  await copier.ask("write", local, 4095, 5);
  assertEquals(
    await copier.ask(
      "copy",
      4096,
      "local",
      local,
      0,
      ...grant(first, 0),
      4096,
      ...grant(first, 0),
      "local",
      local,
      4096,
    ),
    [OKAY, OKAY],
    "whole pages",
  );
  assertEquals(await granter.ask("read", shared, 4095, 1), [5]);
  assertEquals(await copier.ask("read", local, 8191, 1), [5]);
  await granter.ask("unshare", shared);
}

/** Segments that Xen refuses have a status of their own, and the others are copied. */
export async function refuseCopies(granter: Peer, copier: Peer): Promise<void> {
  const [shared, writable] = await granter.ask("share", copier.domid, 1, 1) as [number, number];
  const [protectedPage, readOnly] = await granter.ask("share", copier.domid, 1, 0) as [number, number];
  const [ofOthers, notOurs] = await granter.ask("share", NO_DOMAIN, 1, 1) as [number, number];
  const [local] = await copier.ask("local", 1) as [number];
  await copier.ask("write", local, 0, 1, 2);
  const from = (domid: number, gref: number) => [1, "grant", domid, gref, 0, "local", local, 8];
  const to = (domid: number, gref: number) => [2, "local", local, 0, "grant", domid, gref, 0];

  assertEquals(
    await copier.ask(
      "copy",
      ...to(granter.domid, readOnly),
      ...from(granter.domid, readOnly),
      ...to(granter.domid, writable),
    ),
    [GENERAL_ERROR, OKAY, OKAY],
    "into a page that is read-only, out of it, and into another one",
  );
  assertEquals(await granter.ask("read", protectedPage, 0, 2), [0, 0]);
  assertEquals(await granter.ask("read", shared, 0, 2), [1, 2]);
  assertEquals(
    await copier.ask(
      "copy",
      ...from(granter.domid, notOurs),
      ...from(granter.domid, NOT_GRANTED),
      ...from(granter.domid, BEYOND_TABLE),
      ...from(NO_DOMAIN, 8),
      ...from(granter.domid, writable),
    ),
    [GENERAL_ERROR, GENERAL_ERROR, BAD_GNTREF, BAD_DOMAIN, OKAY],
    "not for this domain; not granted; not in the table; of no domain; and a good one",
  );
  for (const handle of [shared, protectedPage, ofOthers]) await granter.ask("unshare", handle);
  assertEquals(await copier.ask("copy", ...from(granter.domid, writable)), [GENERAL_ERROR], "a page that was freed");
}
