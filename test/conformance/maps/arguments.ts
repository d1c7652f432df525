import { type GrantReference, PAGE_SIZE } from "../../../mod.ts";
import { assertThrows } from "../asserts.ts";
import { NOT_WHOLE, WRONG_TYPES } from "../grants/arguments.ts";
import type { MapperTests } from "./setup.ts";

/** Expects an error that names the argument for each bad value of it. */
function refuses(name: string, values: readonly number[], action: (value: number) => unknown): void {
  for (const value of WRONG_TYPES) assertThrows(() => action(value), TypeError, name);
  for (const value of values) assertThrows(() => action(value), RangeError, name, `current value is ${value}`);
}

/** Arguments that are refused before anything is done. */
export const mapperArguments: MapperTests = {
  "of mapGrants are checked"({ mapper }) {
    refuses(
      "`domid` of `grants[1]`",
      [...NOT_WHOLE, 0x7ff0],
      (domid) => mapper.mapGrants([{ domid: 0, gref: 8 }, { domid, gref: 8 }]),
    );
    refuses("`gref` of `grants[0]`", [...NOT_WHOLE, 2 ** 32], (gref) => mapper.mapGrants([{ domid: 0, gref }]));
    assertThrows(() => mapper.mapGrants([]), RangeError, "`grants`");
    assertThrows(() => mapper.mapGrants(new Array(2 ** 26 + 1)), RangeError, "the length of `grants`");
    assertThrows(() => mapper.mapGrants(new Array(2 ** 26)), TypeError, "`grants[0]`");
    assertThrows(() => mapper.mapGrants([8] as unknown as GrantReference[]), TypeError, "`grants[0]`");
    assertThrows(() => mapper.mapGrants([{ domid: 0, gref: 8 }], null as unknown as object), TypeError, "options");
    assertThrows(
      () => mapper.mapGrants([{ domid: 0, gref: 8 }], { writable: 1 as unknown as true }),
      TypeError,
      "`writable`",
    );
  },
  "of map for one domain are checked, whatever the references are"({ mapper }) {
    refuses("`grefs[0]`", [...NOT_WHOLE, 2 ** 32], (gref) => mapper.map(0, [gref]));
    refuses("`grefs[1]`", [...NOT_WHOLE, 2 ** 32], (gref) => mapper.map(0, [8, gref]));
    assertThrows(() => mapper.map(0, new Uint32Array(0)), RangeError, "the length of `grefs`");
    assertThrows(() => mapper.map(0, Float64Array.of(8, 0.5) as unknown as number[]), RangeError, "`grefs[1]`");
    for (const bad of [new DataView(new ArrayBuffer(8)), new ArrayBuffer(8), { length: 1, 0: 8 }, new Set([8])]) {
      assertThrows(() => mapper.map(0, bad as unknown as number[]), TypeError, "`grefs` must be an array");
    }
  },
  "of the unmap notify of a mapping are checked"({ device, share, mapAsPeer }) {
    const theirs = mapAsPeer(share(device.open(), 2).grefs);
    refuses("`clearByte`", [...NOT_WHOLE, 2 * PAGE_SIZE], (clearByte) => theirs.setUnmapNotify({ clearByte }));
    refuses("`eventPort`", [...NOT_WHOLE, 131_072], (eventPort) => theirs.setUnmapNotify({ eventPort }));
    assertThrows(() => theirs.setUnmapNotify(null as unknown as object), TypeError, "`notify`");
    theirs.unmap();
  },
  "of copy are checked"({ mapper }) {
    const place = { domid: 0, gref: 8 };
    const array = new Uint8Array(8);
    const numbers: [name: string, values: number[], copy: (value: number) => unknown][] = [
      ["`domid`", [0x7ff0], (domid) => mapper.copy([{ from: { ...place, domid }, to: array }])],
      ["`gref`", [2 ** 32], (gref) => mapper.copy([{ from: array, to: { ...place, gref } }])],
      ["`offset`", [PAGE_SIZE - 7], (offset) => mapper.copy([{ from: { ...place, offset }, to: array }])],
      ["`length`", [0, 9, 4097], (length) => mapper.copy([{ from: place, to: array, length }])],
      ["`length`", [0, 4097], (length) => mapper.copy([{ from: place, to: place, length }])],
    ];
    for (const [name, values, copy] of numbers) refuses(name, [...NOT_WHOLE, ...values], copy);
    assertThrows(() => mapper.copy([{ from: place, to: place }]), TypeError, "`length` of `segments[0]`");
    assertThrows(() => mapper.copy([{ from: place, to: new Uint8Array(0) }]), RangeError, "`length`");
    assertThrows(() => mapper.copy([{ from: place, to: new Uint8Array(4097) }]), RangeError, "`length`");
    assertThrows(() => mapper.copy([{ from: array, to: array }]), TypeError, "a granted page");
    assertThrows(() => mapper.copy([]), RangeError, "`segments`");
    assertThrows(() => mapper.copy(new Array(4097).fill({ from: place, to: array })), RangeError, "`segments`");
    for (const bad of [null, 5, "text", undefined]) {
      assertThrows(() => mapper.copy(bad as unknown as []), TypeError, "`segments`");
      assertThrows(() => mapper.copy([bad] as unknown as []), TypeError, "`segments[0]`");
      assertThrows(() => mapper.copy([{ from: bad as unknown as Uint8Array, to: array }]), TypeError, "`from`");
    }
    assertThrows(
      () => mapper.copy([{ from: new Int8Array(1) as unknown as Uint8Array, to: place }]),
      TypeError,
      "`from`",
    );
  },
};
