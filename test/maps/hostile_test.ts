/** Hostile backends and callers of a mapper. */
import { expect, test } from "vitest";
import { GrantMapper, type SharedPages } from "../../mod.ts";
import { brokenDevice } from "../support/broken_device.ts";
import { grantError } from "../support/grant_error.ts";
import { mapBackend, peerMemory } from "../support/map_backend.ts";

test("`unmap()` closes the file after the last mapping, not before, if the memory's `unmap` calls back", () => {
  let closes = 0;
  const mapper: GrantMapper = new GrantMapper({
    maps: mapBackend({
      map: () => peerMemory({ unmap: () => void mapper.map(1, [8]) }),
      close: () => void closes++,
    }),
  });
  const [first, second] = [mapper.map(1, [8]), mapper.map(1, [8])];
  grantError(() => first.unmap());
  first.unmap();
  mapper.close();
  expect(closes).toBe(0);
  grantError(() => second.unmap());
  expect(closes).toBe(1);
});

test("`map()` reads a list of references without its iterator", () => {
  const { device, mapper } = brokenDevice();
  const pages: SharedPages = device.open().allocate(0, { pages: 2 });
  const grefs = [...pages.grefs];
  Object.defineProperty(grefs, Symbol.iterator, { value: function* () {} });
  expect(mapper.map(1, grefs).count).toBe(2);
});
