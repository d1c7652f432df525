/** By what programs tell errors of arguments from those of the engine. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice, isArgumentError } from "../../mod.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { thrown } from "../support/thrown.ts";

const allocator = () => new GrantDevice(new MockXen().domain(1)).open();

test.each([
  ["a wrong type", () => allocator().allocate(0, { pages: "2" as never }), TypeError],
  ["a wrong value", () => allocator().allocate(0, { pages: 0 }), RangeError],
])("%s is an argument error", (_, call, kind) => {
  const error = thrown(call);
  expect(error).toBeInstanceOf(kind);
  expect(error).toMatchObject({ name: kind.name, code: "invalid-argument" });
  expect(isArgumentError(error)).toBe(true);
});

test("an argument error rejects a promise as well", async () => {
  using store = await XenStore.open(new MockXen().domain(1));
  const error = await store.read("a//b").catch((reason) => reason);
  expect(isArgumentError(error)).toBe(true);
});

test("the errors of the engine, those that can be handled, and what is no error are none", () => {
  const device = new GrantDevice(new MockXen().domain(1), { limit: 1 });
  const others = [
    thrown(() => "x" in (3 as never)),
    thrown(() => new Uint8Array(-1)),
    thrown(() => device.open().allocate(0, { pages: 2 })),
    Object.assign(new Error("no"), { code: "invalid-argument" }),
    { code: "invalid-argument" },
    null,
    "invalid-argument",
    undefined,
  ];
  expect(others.filter(isArgumentError)).toEqual([]);
});

/** What these refuse is not an argument, but a call that comes too early. */
const OTHERS = ["src/pv/back_ring.ts", "src/pv/front_ring.ts"];

test("no source of the library throws an error of arguments without the code", () => {
  const root = new URL("../../", import.meta.url);
  const sources = ["src", "backends"].flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path}`)
  ).filter((path) => path.endsWith(".ts"));
  expect(sources.length).toBeGreaterThan(100);
  const plain = sources.filter((path) =>
    /new (Type|Range)Error\(\s*[`"]Cannot /.test(readFileSync(new URL(path, root), "utf8"))
  );
  expect(plain.sort()).toEqual(OTHERS);
});
