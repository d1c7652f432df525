/** Peers' backends that fail or call back: each gets an error that names it, and the mapper goes on. */
import { describe, expect, test } from "vitest";
import type { MapBackend } from "../../src/contract/backend.ts";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice, GrantMapper } from "../../mod.ts";
import { grantError } from "../support/grant_error.ts";
import { mapBackend, peerMemory } from "../support/map_backend.ts";

const boom = new Error("boom");

describe("a mapper on a backend that fails", () => {
  const mapperOn = (backend: Partial<MapBackend>) =>
    new GrantMapper({ maps: { name: "broken", ...backend } as MapBackend });

  test("to open, or to map: the next attempt works", () => {
    let broken = true;
    const xen = new MockXen();
    const pages = new GrantDevice(xen.domain(1)).open().allocate(0);
    const real = xen.domain(0).maps;
    const mapper = mapperOn({
      open() {
        if (broken) throw boom;
        return real.open();
      },
    });
    expect(grantError(() => mapper.map(1, pages.grefs))).toMatchObject({ operation: "map", cause: boom });
    broken = false;
    mapper.map(1, pages.grefs).unmap();
    mapper.close();
  });

  test("to return the right memory, to unmap or to close", () => {
    let closes = 0;
    let unmaps = 0;
    let size = 1;
    const mapper = mapperOn(mapBackend({
      map: () =>
        peerMemory({
          bytes: new Uint8Array(size),
          unmap() {
            unmaps++;
            throw boom;
          },
        }),
      close() {
        closes++;
        throw boom;
      },
    }));
    expect(grantError(() => mapper.map(1, [8])).code).toBe("backend-failed");
    expect(unmaps).toBe(1);
    size = 4096;
    const view = mapper.map(1, [8]);
    mapper.close();
    expect(closes).toBe(0);
    expect(grantError(() => view.unmap())).toMatchObject({ operation: "unmap", cause: boom });
    expect([unmaps, closes]).toEqual([2, 1]);
    view.unmap();
    mapper.close();
    expect([unmaps, closes]).toEqual([2, 1]);
  });

  test("and calls back is refused", () => {
    const codes: string[] = [];
    const mapper: GrantMapper = mapperOn(mapBackend({
      map: () => {
        codes.push(grantError(() => mapper.map(1, [8])).code, grantError(() => mapper.close()).code);
        return peerMemory();
      },
    }));
    const view = mapper.map(1, [8]);
    view.unmap();
    mapper.close();
    expect(codes).toEqual(["busy", "busy"]);
  });
});
