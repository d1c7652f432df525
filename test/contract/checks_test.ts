/** Arguments of the wrong type. */
import { expect, test } from "vitest";
import type { GrantBackend, MapBackend, XenDomain } from "../../src/contract/backend.ts";
import { MockXen } from "../../backends/mock.ts";
import { EventChannels, GrantDevice, GrantMapper, type Mapping } from "../../mod.ts";
import { brokenDevice } from "../support/broken_device.ts";

test("`free()`, `map()`, `read()` and `readInto()` throw a TypeError for an argument of the wrong type", () => {
  const { device, mapper } = brokenDevice();
  const pages = device.open().allocate(0, { pages: 2 });
  const view: Mapping = pages.map();
  for (const wrong of [1n, Symbol("1"), null, "1"] as unknown as number[]) {
    expect(() => pages.free({ start: wrong })).toThrow(TypeError);
    expect(() => pages.map({ start: wrong })).toThrow(TypeError);
    expect(() => view.read(wrong)).toThrow(TypeError);
    expect(() => view.read(0, wrong)).toThrow(TypeError);
    expect(() => view.readInto(new Uint8Array(1), wrong)).toThrow(TypeError);
  }
  expect(() => view.readInto([] as unknown as Uint8Array)).toThrow("current value is an array");
  expect(() => mapper.map(1, "8" as unknown as number[])).toThrow('current value is "8"');
});

test("constructors throw a TypeError that says what to pass instead of a wrong domain or option", () => {
  const xen = new MockXen();
  const wrongs = [undefined, null, {}, xen, 5, xen.domain(1).grants] as unknown as XenDomain[];
  for (const wrong of wrongs) {
    expect(() => new GrantDevice(wrong)).toThrow("Pass denoDomain()");
    expect(() => new GrantMapper(wrong)).toThrow("Pass denoDomain()");
    expect(() => new EventChannels(wrong)).toThrow("Pass denoDomain()");
  }
  for (const wrong of [null, {}, 5, xen.domain(1)] as unknown as (GrantBackend & MapBackend)[]) {
    expect(() => new GrantDevice({ grants: wrong })).toThrow("`grants` of the domain");
    expect(() => new GrantMapper({ maps: wrong })).toThrow("`maps` of the domain");
  }
  expect(() => new GrantDevice(xen.domain(1), { core: {} as WebAssembly.Module })).toThrow(
    "`core` must be a WebAssembly.Module",
  );
  expect(() => new MockXen({ profile: Symbol("x") as unknown as "linux-5.16" })).toThrow("`profile`");
});
