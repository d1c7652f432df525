/** Random programs on XenStore with random faults: everything settles, and nothing is left. */
import { expect, test } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { storeProgram } from "../support/store_program.ts";

test.each(Array.from({ length: 20 }, (_, seed) => seed))("seed %i", async (seed) => {
  const xen = new MockXen({ store: { daemon: seed % 2 === 0 ? "xenstored" : "oxenstored" } });
  const faults = new Faults({ seed });
  for (const kind of ["open", "send", "receive", "wait"] as const) {
    for (const when of ["before", "after"] as const) faults.fail(kind, { rate: 0.01, when });
  }
  faults.fail("close", { rate: 0.3, when: "before" });
  faults.reply({ error: "ENOSPC", rate: 0.05 });
  faults.reply({ to: "end a transaction", error: "EAGAIN", rate: 0.4 });
  faults.reply({ delay: 3, rate: 0.1 });
  faults.reply({ delay: Infinity, rate: 0.01 });
  faults.reply({ bytes: new Uint8Array(17).fill(7), rate: 0.01 });
  faults.reply({ disconnect: true, rate: 0.01 });
  if (seed % 3 > 0) faults.split({ size: seed % 3 === 1 ? 1 : 20 });
  const failed = await storeProgram(faults.wrap(xen.domain(1)), seed);
  expect(failed).toBeGreaterThan(0);
  expect(faults.injected()).toBeGreaterThan(failed / 100);
  faults.clear();
  faults.releaseAll();
  xen.assertClean();
  // Without rules, all is well again.
  await storeProgram(faults.wrap(xen.domain(1)), seed);
  xen.assertClean();
});
