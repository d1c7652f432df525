/** The views of reports. */
import { expect, test } from "vitest";
import { machineView } from "../../cli/src/view/machine_view.ts";
import { paletteOf } from "../../cli/src/palette.ts";

const EMPTY = { destroyed: false, limit: Infinity, counted: 0, processes: [], connections: [], ports: [] };

test("the view of a machine looks at each mapped page a few times, however many there are", () => {
  const count = 2000;
  let looks = 0;
  const grefs = Array.from({ length: count }, (_, index) => 8 + index);
  const pages = grefs.map((number) => ({
    domid: 1,
    get gref() {
      looks++;
      return number;
    },
  }));
  const state = { domid: 0, writable: false, process: 0, held: false, mapped: true, voided: false };
  const granter = { ...EMPTY, domid: 1, grants: grefs.map((gref) => ({ ...state, gref })), mappings: [] };
  const mapper = { ...EMPTY, domid: 0, grants: [], mappings: [{ writable: false, pages }] };
  expect(machineView({ domains: [granter, mapper] }, paletteOf(false))).toBe(
    "domain 1  0 pages, no limit\n  grants 8-2007 to domain 0, mapped by domain 0\n" +
      "domain 0  0 pages, no limit\n  maps 8-2007 of domain 1\n",
  );
  expect(looks).toBeLessThanOrEqual(10 * count);
});
