/** The order in which a replay closes what a trace has left open. */
import { expect, test } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { replay } from "../../backends/record.ts";
import { HEADER } from "../support/recorded.ts";

test("mappings go first, then the files of pages, and event channels last: their ports may be told of the others", () => {
  const order: string[] = [];
  const xen = new MockXen();
  const watch = new Faults();
  for (const kind of ["unmap", "endAccess", "close"] as const) {
    watch.before(kind, ({ part }) => order.push(`${kind} ${part}`));
  }
  const report = replay([
    HEADER,
    `{"part":"events","call":"open","file":1}`,
    `{"part":"events","call":"bindUnbound","file":1,"domid":0,"port":7}`,
    `{"part":"grants","call":"open","file":2}`,
    `{"part":"grants","call":"grant","file":2,"page":0,"count":1,"domid":0,"writable":true,"grefs":[8]}`,
    `{"part":"grants","call":"map","file":2,"mapping":3,"page":0,"count":1,"gref":8,"writable":true,"bytes":4096}`,
  ], { domains: [watch.wrap(xen.domain(1))] });
  expect(report.left).toEqual([]);
  expect(order).toEqual(["unmap grants", "endAccess grants", "close grants", "close events"]);
  xen.assertClean();
});
