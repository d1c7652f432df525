import { beforeEach, describe, expect, test } from "vitest";
import { denoDomain } from "../../backends/deno.ts";
import { GUEST_TYPE } from "../../backends/linux/own_grants.ts";
import type { CopySegment, MapFile } from "../../src/contract/backend.ts";
import { Errno } from "../../src/contract/errno.ts";
import { mapsConformance } from "../conformance/mod.ts";
import golden from "../golden/abi.json" with { type: "json" };
import { grantError } from "../support/grant_error.ts";
import { BOUND_PORT, mappedPages } from "../support/shim/shim.ts";
import { setLimit, useShim } from "../support/shim/use_shim.ts";

const { statuses } = golden;
const used = useShim();
const domain = () => denoDomain({ libc: used.libc });

describe("conformance", () => {
  mapsConformance({
    test,
    open: () => ({
      granter: domain(),
      granterDomid: 0,
      peer: domain(),
      peerDomid: 0,
      joinsPages: true,
      setLimit: (pages) => setLimit(used.shim, pages),
      heldPagesCount: false,
      close() {},
    }),
  });
});

/** Uses pages that domain 0 grants to itself: with a file to map them, their references, and the granter's view. */
function withPages(
  count: number,
  use: (peer: MapFile, grefs: number[], ours: Uint8Array<ArrayBuffer>) => void,
  writable = true,
): void {
  const file = domain().grants.open();
  const grefs = new Uint32Array(count);
  file.grant(0, count, 0, writable, grefs);
  const ours = file.map(0, count, grefs[0]!, true);
  const peer = domain().maps.open();
  try {
    use(peer, [...grefs], ours.bytes);
  } finally {
    ours.unmap();
    file.endAccess(0, count, grefs);
    peer.close();
    file.close();
  }
}

describe("map() over several domains", () => {
  test("maps the pages side by side, in order", () => {
    withPages(2, (peer, [first, second], ours) => {
      ours[0] = 1;
      ours[4096] = 2;
      const memory = peer.map([1, 0, 1], [second!, first!, first!], true);
      expect([0, 1, 2].map((page) => memory.bytes[page * 4096])).toEqual([2, 1, 1]);
      memory.bytes[2 * 4096 + 9] = 3;
      expect(ours[9]).toBe(3);
      memory.unmap();
    });
  });

  test("maps none when one is refused", () => {
    withPages(2, (peer, [first, second]) => {
      expect(grantError(() => peer.map([0, 5], [first!, second!], true))).toMatchObject({
        code: "map-refused",
        operation: "map",
        errno: Errno.EINVAL,
      });
      expect(mappedPages()).toBe(2); // the granter's own
      expect(used.shim.knownGrants()).toBe(0);
    });
  });
});

describe("setUnmapNotify() of a mapping", () => {
  test("clears the byte, counted from the start of the mapping, and sends the event once", () => {
    withPages(3, (peer, grefs, ours) => {
      const events = domain().events.open();
      const port = events.bindUnbound(0);
      const otherPort = events.bindInterdomain(0, port);
      events.pending();
      events.unmask(otherPort);

      const other = peer.map(0, [grefs[0]!], true);
      const memory = peer.map(0, grefs, true);
      ours.fill(0xff);
      memory.setUnmapNotify({ clearByte: 5, eventPort: BOUND_PORT });
      memory.setUnmapNotify({ clearByte: 2 * 4096 + 7, eventPort: port });
      expect(events.pending()).toEqual([]);
      memory.unmap();
      expect([ours.indexOf(0), ours.lastIndexOf(0)]).toEqual([2 * 4096 + 7, 2 * 4096 + 7]);
      expect(events.pending()).toEqual([otherPort]);
      events.unmask(otherPort);
      other.unmap();
      expect(events.pending()).toEqual([]);
      expect(used.shim.events()).toBe(1);
      events.close();
    });
  });

  test("is cancelled by a notify that does nothing", () => {
    withPages(1, (peer, grefs, ours) => {
      const memory = peer.map(0, grefs, true);
      ours.fill(0xff);
      memory.setUnmapNotify({ clearByte: 5, eventPort: BOUND_PORT });
      memory.setUnmapNotify({});
      memory.unmap();
      expect(ours.includes(0)).toBe(false);
      expect(used.shim.events()).toBe(0);
    });
  });

  test("throws when the port is not bound, and keeps the notify that was set before", () => {
    withPages(1, (peer, grefs, ours) => {
      const memory = peer.map(0, grefs, true);
      memory.setUnmapNotify({ clearByte: 5 });
      expect(grantError(() => memory.setUnmapNotify({ clearByte: 6, eventPort: 99 }))).toMatchObject({
        code: "notify-refused",
        operation: "notify",
        errno: Errno.EINVAL,
      });
      ours.fill(0xff);
      memory.unmap();
      expect([ours.indexOf(0), ours.lastIndexOf(0)]).toEqual([5, 5]);
    });
  });
});

describe("in a PVH domain on x86", () => {
  const isX86 = Deno.build.arch === "x86_64";
  beforeEach(() => {
    used.shim.text(GUEST_TYPE, "PVH\n");
  });

  test.runIf(isX86)("map() throws own-grant for grants of the own domain only", () => {
    withPages(1, (peer, [gref]) => {
      expect(grantError(() => peer.map(0, [gref!], true))).toMatchObject({ code: "own-grant", operation: "map" });
      peer.map(1, [gref!], true).unmap();
      expect(used.shim.knownGrants()).toBe(0);
    });
  });

  test("map() maps own grants with `allowOwnGrants`", () => {
    withPages(1, (_, [gref]) => {
      const peer = denoDomain({ libc: used.libc, allowOwnGrants: true }).maps.open();
      peer.map(0, [gref!], true).unmap();
      peer.close();
    });
  });
});

describe("copy()", () => {
  test("copies between pages and memory, either way and from page to page", () => {
    withPages(2, (peer, [first, second], ours) => {
      const from = Uint8Array.of(0, 1, 2, 3, 4, 5);
      const to = new Uint8Array(4096).fill(9);
      // The engine keeps small arrays in its heap, and may move them, until their `buffer` is used.
      const small = new Uint8Array(3);
      expect(peer.copy([
        { from: from.subarray(2), to: { domid: 0, gref: first!, offset: 4092 }, length: 4 },
        { from: { domid: 0, gref: first!, offset: 4092 }, to: { domid: 1, gref: second!, offset: 10 }, length: 4 },
        { from: { domid: 1, gref: second!, offset: 0 }, to, length: 4096 },
        { from: { domid: 0, gref: second!, offset: 11 }, to: small, length: 3 },
      ])).toEqual([0, 0, 0, 0]);
      expect([...ours.subarray(4092, 4096)]).toEqual([2, 3, 4, 5]);
      expect(to.indexOf(2)).toBe(10);
      expect([...to.subarray(0, 16)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 4, 5, 0, 0]);
      expect([...small]).toEqual([3, 4, 5]);
    });
  });

  test("returns a status for each segment, and copies those that can be copied", () => {
    withPages(1, (peer, [gref], ours) => {
      ours[0] = 7;
      const bytes = [0, 1, 2, 3].map(() => new Uint8Array(1));
      const at = (domid: number, gref: number) => ({ domid, gref, offset: 0 });
      expect(peer.copy([
        { from: at(0, gref!), to: bytes[0]!, length: 1 },
        { from: at(9, gref!), to: bytes[1]!, length: 1 },
        { from: at(0, 40_000), to: bytes[2]!, length: 1 },
        { from: bytes[3]!, to: at(0, gref!), length: 1 },
      ])).toEqual([0, statuses.GNTST_bad_domain, statuses.GNTST_bad_gntref, statuses.GNTST_general_error]);
      expect(bytes.map(([byte]) => byte)).toEqual([7, 0, 0, 0]);
      expect(ours[0]).toBe(7);
    }, false);
  });

  test("copies thousands of segments at once", () => {
    withPages(1, (peer, [gref], ours) => {
      for (let i = 0; i < 4096; i++) ours[i] = i % 251;
      const segments: CopySegment[] = Array.from({ length: 4096 }, (_, offset) => ({
        from: { domid: 0, gref: gref!, offset },
        to: new Uint8Array(1),
        length: 1,
      }));
      expect(new Set(peer.copy(segments))).toEqual(new Set([0]));
      expect(segments.every(({ to }, i) => (to as Uint8Array)[0] === i % 251)).toBe(true);
    });
  });

  test("throws when the kernel refuses, with its errno", () => {
    withPages(1, (peer, [gref]) => {
      const page = { domid: 0, gref: gref!, offset: 4000 };
      expect(grantError(() => peer.copy([{ from: page, to: new Uint8Array(200), length: 200 }]))).toMatchObject({
        code: "copy-refused",
        operation: "copy",
        errno: Errno.EINVAL,
      });
      expect(grantError(() => peer.copy([{ from: new Uint8Array(1), to: new Uint8Array(1), length: 1 }])))
        .toMatchObject({
          code: "copy-refused",
        });
    });
  });
});
