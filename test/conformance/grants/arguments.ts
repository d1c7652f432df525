import type { GrantDevice } from "../../../mod.ts";
import { assertEquals, assertThrows } from "../asserts.ts";
import type { Tests } from "./setup.ts";

/** Values that are no numbers. */
export const WRONG_TYPES = ["1", null, {}, [], true, 1n, Symbol("1")] as unknown as number[];
/** Numbers that are none of the whole ones. */
export const NOT_WHOLE = [-1, 0.5, NaN, Infinity, -Infinity, 2 ** 53];

/**
 * Expects a `TypeError` or `RangeError` that names the argument for each bad value of it, and that nothing has changed.
 */
function refuses(
  device: GrantDevice,
  name: string,
  values: readonly number[],
  action: (value: number) => unknown,
): void {
  const before = JSON.stringify(device.inspect());
  for (const value of WRONG_TYPES) assertThrows(() => action(value), TypeError, name);
  for (const value of values) assertThrows(() => action(value), RangeError, name, `current value is ${value}`);
  assertEquals(JSON.stringify(device.inspect()), before);
}

/** Arguments that are refused before anything is done. */
export const badArguments: Tests = {
  "of allocate are checked"({ device, target }) {
    const allocator = device.open();
    refuses(device, "`domid`", [...NOT_WHOLE, 0x7ff0, 65_535, 65_536], (domid) => allocator.allocate(domid));
    refuses(
      device,
      "`pages`",
      [...NOT_WHOLE, 0, 0x1_0000_0000],
      (pages) => allocator.allocate(target.peerDomid, { pages }),
    );
    assertThrows(() => allocator.allocate(0, { writable: 1 as unknown as boolean }), TypeError, "`writable`");
    assertThrows(() => allocator.allocate(0, null as unknown as object), TypeError, "options");
    assertThrows(() => allocator.allocate(undefined as unknown as number), TypeError, "`domid`", "undefined");
  },
  "of free and map are checked"({ device, share }) {
    const allocator = device.open();
    const pages = share(allocator, 4);
    const badPages = [...NOT_WHOLE];
    const badCounts = [...NOT_WHOLE, 0, 0x1_0000_0000];
    refuses(device, "`page`", badPages, (page) => allocator.free(page, 1));
    refuses(device, "`count`", badCounts, (count) => allocator.free(0, count));
    refuses(device, "`page`", badPages, (page) => allocator.map(page, 1));
    refuses(device, "`count`", badCounts, (count) => allocator.map(0, count));
    refuses(device, "`page`", badPages, (page) => allocator.has(page, 1));
    refuses(device, "`count`", badCounts, (count) => allocator.has(0, count));
    refuses(device, "`start`", [...NOT_WHOLE, 4], (start) => pages.free({ start, count: 1 }));
    refuses(device, "`count`", [...NOT_WHOLE, 0, 4], (count) => pages.free({ start: 1, count }));
    refuses(device, "`start`", [...NOT_WHOLE, 4], (start) => pages.map({ start, count: 1 }));
    refuses(device, "`count`", [...NOT_WHOLE, 0, 4], (count) => pages.map({ start: 1, count }));
    assertThrows(() => pages.map({ writable: "no" as unknown as boolean }), TypeError, "`writable`");
  },
  "of the unmap notify are checked"({ device, share }) {
    const pages = share(device.open(), 2);
    refuses(device, "`clearByte`", [...NOT_WHOLE, 4096], (clearByte) => pages.setUnmapNotify({ clearByte }));
    refuses(device, "`eventPort`", [...NOT_WHOLE, 131_072], (eventPort) => pages.setUnmapNotify({ eventPort }));
    refuses(device, "`page`", [...NOT_WHOLE, 2], (page) => pages.setUnmapNotify({}, page));
    assertThrows(() => pages.setUnmapNotify(null as unknown as object), TypeError, "`notify`");
  },
  "of limits are checked"({ device }) {
    const values = [-1, 0.5, NaN, -Infinity, 2 ** 53, 0x1_0000_0000];
    refuses(device, "`limit`", values, (limit) => device.limit = limit);
  },
  "of the mapper are checked"({ device, target, mapper, share }) {
    const { grefs } = share(device.open());
    refuses(device, "`domid`", [...NOT_WHOLE, 0x7ff0], (domid) => mapper.map(domid, grefs));
    refuses(device, "`grefs[1]`", [...NOT_WHOLE, 0x1_0000_0000], (gref) => mapper.map(target.granterDomid, [8, gref]));
    assertThrows(() => mapper.map(target.granterDomid, []), RangeError, "`grefs`");
    assertThrows(() => mapper.map(target.granterDomid, new Array(2 ** 26 + 1)), RangeError, "the length of `grefs`");
    assertThrows(() => mapper.map(target.granterDomid, new Array(2 ** 26)), TypeError, "`grefs[0]`");
    assertThrows(() => mapper.map(target.granterDomid, 8 as unknown as number[]), TypeError, "`grefs`");
    assertThrows(
      () => mapper.map(target.granterDomid, grefs, { writable: 1 as unknown as boolean }),
      TypeError,
      "`writable`",
    );
  },
};
