/** Publishing references by a name. */
import { expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { find, publish, withdraw } from "../../cli/src/publication.ts";
import { XenStore } from "../../src/xenstore/mod.ts";

test("a name that another run has replaced is not withdrawn", async () => {
  const xen = new MockXen();
  using granter = await XenStore.open(xen.domain(1));
  using peer = await XenStore.open(xen.domain(0));
  const patience = { timeout: 1000, signal: new AbortController().signal, alone: undefined };
  const found = () => find(peer, 1, "ring", patience);

  expect(await publish(granter, "ring", 0, [8, 9])).toBe(false);
  expect(await publish(granter, "ring", 0, [10])).toBe(true);
  await withdraw(granter, "ring", [8, 9]);
  expect(await found()).toEqual([10]);
  await withdraw(granter, "ring", [10]);
  await expect(granter.read("data/gntalloc/ring")).rejects.toMatchObject({ code: "not-found" });
  await withdraw(granter, "ring", [10]);
});
