/** How options are read, everywhere. */
import { afterEach, describe, expect, test } from "vitest";
import vm from "node:vm";
import { ArgumentTypeError } from "../../src/contract/argument_error.ts";
import { isPlainObject, listNames, nearest, readOptions } from "../../src/contract/options.ts";

interface Options {
  pages?: number;
  writable?: boolean;
}

const read = (value: unknown, name?: string) =>
  readOptions("allocate", value as Options | undefined, ["pages", "writable"], name);

afterEach(() => {
  delete (Object.prototype as Options).writable;
});

test("returns the options that are there, and nothing else", () => {
  expect({ ...read({ pages: 2, writable: true }) }).toEqual({ pages: 2, writable: true });
  expect({ ...read({}) }).toEqual({});
  expect({ ...read(undefined) }).toEqual({});
});

test("reads each option once", () => {
  let reads = 0;
  const options = {
    get pages() {
      return ++reads;
    },
  };
  expect(read(options).pages).toBe(1);
  expect(reads).toBe(1);
});

test("reads only properties of the object itself", () => {
  (Object.prototype as Options).writable = true;
  const { pages, writable } = read({ pages: 2 });
  expect([pages, writable]).toEqual([2, undefined]);
});

describe("refuses an option that does not exist, and names those that do", () => {
  test.each<[object, string]>([
    [
      { writeable: true },
      "Cannot allocate as there is no option `writeable`: did you mean `writable`? The options are `pages` and `writable`",
    ],
    [{ signal: 1 }, "Cannot allocate as there is no option `signal`: the options are `pages` and `writable`"],
    [{ pages: 1, Pages: 1 }, "Cannot allocate as there is no option `Pages`: did you mean `pages`?"],
    [{ writeable: undefined }, "Cannot allocate as there is no option `writeable`"],
  ])("%o", (value, message) => {
    expect(() => read(value)).toThrow(TypeError);
    expect(() => read(value)).toThrow(message);
  });

  test("in an object with a name", () => {
    expect(() => read({ page: 1 }, "`what`")).toThrow("there is no option `page` in `what`: did you mean `pages`?");
  });
});

describe("refuses what is not a plain object", () => {
  class Options {
    pages = 1;
  }
  test.each<[string, unknown]>([
    ["an AbortSignal", AbortSignal.abort()],
    ["an array", [1]],
    ["a Map", new Map()],
    ["a Function", () => {}],
    ["a Date", new Date()],
    ["an instance of a class", new Options()],
    ["an instance of a class", Object.create({ pages: 1 })],
    ["null", null],
    ["3", 3],
  ])("%s", (shown, value) => {
    expect(() => read(value)).toThrow(
      new ArgumentTypeError(`Cannot allocate as the options must be a plain object: current value is ${shown}`),
    );
  });
});

test("takes objects of another realm, and objects without a prototype", () => {
  expect(read(vm.runInNewContext("({ pages: 3 })")).pages).toBe(3);
  expect(read(Object.assign(Object.create(null), { pages: 3 })).pages).toBe(3);
  expect(isPlainObject(vm.runInNewContext("[]"))).toBe(false);
  expect(isPlainObject(vm.runInNewContext("new Map()"))).toBe(false);
});

test("`listNames()` lists names as a sentence does", () => {
  expect(listNames(["a"])).toBe("`a`");
  expect(listNames(["a", "b", "c"])).toBe("`a`, `b` and `c`");
});

test("`nearest()` finds a misspelt or shortened name, and no other", () => {
  const names = ["limit", "core", "unmapNotify"];
  expect(nearest("limits", names)).toBe("limit");
  expect(nearest("notify", names)).toBe("unmapNotify");
  expect(nearest("unmap_notify", names)).toBe("unmapNotify");
  expect(nearest("signal", names)).toBe(undefined);
  // Up to a third of the letters may differ, wherever they are.
  expect(nearest("xymits", ["limits"])).toBe("limits");
  expect(nearest("xyzits", ["limits"])).toBe(undefined);
  expect(nearest("imitz", ["limits"])).toBe("limits");
  expect(nearest("limxy", ["limits"])).toBe(undefined);
});
