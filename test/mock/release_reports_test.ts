/** When the mock reports that a peer has released a page that its owner freed before (profile `linux-5.16`). */
import { expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { GrantMapper } from "../../mod.ts";

/** A process with one page that its peer maps and that it has tried to give back, and the reports that it got. */
function heldPage() {
  const xen = new MockXen({ profile: "linux-5.16" });
  const process = xen.domain(1).process();
  const mapper = new GrantMapper(xen.domain(0));
  const file = process.grants.open();
  const reports: number[] = [];
  file.onRelease!((page) => reports.push(page));
  const grefs = new Uint32Array(1);
  file.grant(0, 1, 0, true, grefs);
  const theirs = mapper.map(1, [grefs[0]!]);
  expect(file.endAccess(0, 1, grefs)).toEqual([0]);
  return { xen, process, mapper, file, reports, grefs, theirs };
}

test("a release is reported once, and never for the next page with the same reference", () => {
  const { xen, mapper, file, reports, grefs, theirs } = heldPage();
  const gref = grefs[0];
  theirs.unmap();
  expect(reports).toEqual([0]);
  expect(file.endAccess(0, 1, grefs)).toEqual([]);
  file.grant(1, 1, 0, true, grefs);
  expect(grefs[0]).toBe(gref);
  mapper.map(1, [grefs[0]!]).unmap();
  expect(reports).toEqual([0]);
  file.endAccess(1, 1, grefs);
  file.close();
  xen.assertClean();
});

test("a program that was killed gets no report, neither when it is killed nor later", () => {
  const { process, reports, theirs } = heldPage();
  process.kill();
  expect(reports).toEqual([]);
  theirs.unmap();
  expect(reports).toEqual([]);
});
