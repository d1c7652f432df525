import { describe, expect, test } from "vitest";
import * as abi from "../../backends/linux/abi/grants.ts";
import * as copy from "../../backends/linux/abi/copy.ts";
import * as evtchn from "../../backends/linux/abi/events.ts";
import { STATUSES } from "../../src/maps/copy.ts";
import golden from "../golden/abi.json" with { type: "json" };

/** The first index, in bytes, that a JavaScript number does not keep exactly. */
const TOO_LARGE = 2 ** 53;

function hex(view: DataView<ArrayBuffer>): string {
  return Array.from(new Uint8Array(view.buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytes(hexadecimal: string): DataView<ArrayBuffer> {
  return new DataView(Uint8Array.from(hexadecimal.match(/../g)!, (byte) => parseInt(byte, 16)).buffer);
}

function zeros(size: number): DataView<ArrayBuffer> {
  return new DataView(new ArrayBuffer(size));
}

/** Memory that something else used before: what an encoder leaves out stays visible. */
function used(size: number): DataView<ArrayBuffer> {
  return new DataView(new Uint8Array(size).fill(0xee).buffer);
}

describe("constants", () => {
  const { IOCTL_GNTDEV_SET_UNMAP_NOTIFY, ...requests } = golden.requests;

  const ours: Record<string, unknown> = { ...abi, ...copy, ...evtchn };

  test.each(Object.entries({ ...requests, ...golden.constants }))("%s is what the headers say", (name, value) => {
    expect(ours[name.toUpperCase()]).toBe(value);
  });

  test("IOCTL_GNTALLOC_SET_UNMAP_NOTIFY is the request of both devices", () => {
    expect(abi.IOCTL_GNTALLOC_SET_UNMAP_NOTIFY).toBe(IOCTL_GNTDEV_SET_UNMAP_NOTIFY);
  });

  test("sizes are what the headers say", () => {
    const { sizes } = golden;
    expect(abi.allocGrefSize(1)).toBe(sizes.ioctl_gntalloc_alloc_gref);
    expect(abi.mapGrantRefSize(1)).toBe(sizes.ioctl_gntdev_map_grant_ref);
    expect(abi.RUN_SIZE).toBe(sizes.ioctl_gntalloc_dealloc_gref);
    expect(abi.RUN_SIZE).toBe(sizes.ioctl_gntdev_unmap_grant_ref);
    expect(abi.UNMAP_NOTIFY_SIZE).toBe(sizes.ioctl_gntalloc_unmap_notify);
    expect(abi.UNMAP_NOTIFY_SIZE).toBe(sizes.ioctl_gntdev_unmap_notify);
    expect(copy.GRANT_COPY_SIZE).toBe(sizes.ioctl_gntdev_grant_copy);
    expect(copy.COPY_SEGMENT_SIZE).toBe(sizes.gntdev_grant_copy_segment);
    expect(evtchn.EVTCHN_REQUEST_SIZE).toBe(sizes.ioctl_evtchn_bind_interdomain);
  });

  test("allocGrefSize() and mapGrantRefSize() are never less than the kernel copies", () => {
    expect(abi.allocGrefSize(0)).toBe(golden.sizes.ioctl_gntalloc_alloc_gref);
    expect(abi.allocGrefSize(2)).toBe(24);
    expect(abi.allocGrefSize(3)).toBe(28);
    expect(abi.allocGrefSize(2 ** 32 - 1)).toBe(16 + 4 * (2 ** 32 - 1));
    expect(abi.mapGrantRefSize(0)).toBe(golden.sizes.ioctl_gntdev_map_grant_ref);
    expect(abi.mapGrantRefSize(2)).toBe(32);
  });
});

describe("offsets", () => {
  // Each field gets all bits, on its own, in a request of zeros; where they appear is its offset.
  const ones = 0xffffffff;
  const whole = Number.MAX_SAFE_INTEGER;
  const { offsets } = golden;
  const fields: [string, number, (view: DataView<ArrayBuffer>) => void][] = [
    ["alloc_gref.domid", offsets["ioctl_gntalloc_alloc_gref.domid"], (v) => abi.encodeAllocGref(v, 0xffff, 0, 0)],
    ["alloc_gref.flags", offsets["ioctl_gntalloc_alloc_gref.flags"], (v) => abi.encodeAllocGref(v, 0, 0xffff, 0)],
    ["alloc_gref.count", offsets["ioctl_gntalloc_alloc_gref.count"], (v) => abi.encodeAllocGref(v, 0, 0, ones)],
    ["dealloc_gref.index", offsets["ioctl_gntalloc_dealloc_gref.index"], (v) => abi.encodeRun(v, whole, 0)],
    ["dealloc_gref.count", offsets["ioctl_gntalloc_dealloc_gref.count"], (v) => abi.encodeRun(v, 0, ones)],
    ["unmap_grant_ref.index", offsets["ioctl_gntdev_unmap_grant_ref.index"], (v) => abi.encodeRun(v, whole, 0)],
    ["unmap_grant_ref.count", offsets["ioctl_gntdev_unmap_grant_ref.count"], (v) => abi.encodeRun(v, 0, ones)],
    [
      "gntalloc unmap_notify.index",
      offsets["ioctl_gntalloc_unmap_notify.index"],
      (v) => abi.encodeUnmapNotify(v, whole, 0, 0),
    ],
    [
      "gntalloc unmap_notify.action",
      offsets["ioctl_gntalloc_unmap_notify.action"],
      (v) => abi.encodeUnmapNotify(v, 0, ones, 0),
    ],
    [
      "gntalloc unmap_notify.event_channel_port",
      offsets["ioctl_gntalloc_unmap_notify.event_channel_port"],
      (v) => abi.encodeUnmapNotify(v, 0, 0, ones),
    ],
    [
      "gntdev unmap_notify.index",
      offsets["ioctl_gntdev_unmap_notify.index"],
      (v) => abi.encodeUnmapNotify(v, whole, 0, 0),
    ],
    [
      "gntdev unmap_notify.action",
      offsets["ioctl_gntdev_unmap_notify.action"],
      (v) => abi.encodeUnmapNotify(v, 0, ones, 0),
    ],
    [
      "gntdev unmap_notify.event_channel_port",
      offsets["ioctl_gntdev_unmap_notify.event_channel_port"],
      (v) => abi.encodeUnmapNotify(v, 0, 0, ones),
    ],
    [
      "map_grant_ref.refs[0].domid",
      offsets["ioctl_gntdev_map_grant_ref.refs"] + offsets["ioctl_gntdev_grant_ref.domid"],
      (v) => {
        abi.encodeMapGrantRef(v, ones, [0]);
        v.setUint32(offsets["ioctl_gntdev_map_grant_ref.count"], 0);
      },
    ],
    [
      "map_grant_ref.refs[0].ref",
      offsets["ioctl_gntdev_map_grant_ref.refs"] + offsets["ioctl_gntdev_grant_ref.ref"],
      (v) => {
        abi.encodeMapGrantRef(v, 0, [ones]);
        v.setUint32(offsets["ioctl_gntdev_map_grant_ref.count"], 0);
      },
    ],
  ];

  test.each(fields)("%s is at %i", (_name, offset, encode) => {
    const view = zeros(24);
    encode(view);
    expect(new Uint8Array(view.buffer).findIndex((byte) => byte !== 0)).toBe(offset);
  });

  test("alloc_gref answers are read at the offsets of the headers", () => {
    const view = zeros(24);
    view.setUint32(offsets["ioctl_gntalloc_alloc_gref.index"], 4096, true);
    view.setUint32(offsets["ioctl_gntalloc_alloc_gref.gref_ids"], 9, true);
    const grefs = new Uint32Array(1);
    expect(abi.decodeAllocGref(view, 1, grefs)).toBe(4096);
    expect(grefs[0]).toBe(9);
  });

  test("map_grant_ref answers are read at the offset of the headers", () => {
    const view = zeros(24);
    view.setUint32(offsets["ioctl_gntdev_map_grant_ref.index"], 8192, true);
    expect(abi.decodeMapGrantRef(view)).toBe(8192);
  });
});

describe("allocation", () => {
  test.each(golden.allocGref)("encodeAllocGref() writes the golden bytes of $count for domain $domid", (sample) => {
    const view = zeros(abi.allocGrefSize(sample.count));
    abi.encodeAllocGref(view, sample.domid, sample.flags, sample.count);
    expect(hex(view)).toBe(sample.in.bytes);
  });

  test.each(golden.allocGref)("decodeAllocGref() reads the golden bytes with index $out.index", (sample) => {
    const view = bytes(sample.out.bytes);
    const grefs = new Uint32Array(sample.count + 1);
    if (Number(sample.out.index) >= TOO_LARGE) {
      expect(() => abi.decodeAllocGref(view, sample.count, grefs)).toThrow(RangeError);
      return;
    }
    expect(abi.decodeAllocGref(view, sample.count, grefs)).toBe(Number(sample.out.index));
    expect([...grefs]).toEqual([...sample.out.grefs, 0]);
  });

  test("encodeAllocGref() overwrites the whole head when the memory was used before", () => {
    const view = used(24);
    abi.encodeAllocGref(view, 5, 1, 1);
    expect(hex(view)).toBe("0500010001000000" + "0000000000000000" + "eeeeeeeeeeeeeeee");
  });

  test.each([
    ["domid", 0x10000, 0, 1],
    ["domid", -1, 0, 1],
    ["flags", 0, 0x10000, 1],
    ["count", 0, 0, 2 ** 32],
    ["count", 0, 0, 1.5],
    ["count", 0, 0, NaN],
  ])("encodeAllocGref() throws when the %s does not fit (%d, %d, %d)", (name, domid, flags, count) => {
    const encode = () => abi.encodeAllocGref(zeros(24), domid, flags, count);
    expect(encode).toThrow(RangeError);
    expect(encode).toThrow(
      new RegExp(`^Cannot encode the ${name} as it must be a whole number from 0 to \\d+: current`),
    );
  });
});

describe("mapping of grants", () => {
  test.each(golden.mapGrantRef)("encodeMapGrantRef() writes the golden bytes for domain $domid", (sample) => {
    const view = zeros(abi.mapGrantRefSize(sample.grefs.length));
    abi.encodeMapGrantRef(view, sample.domid, sample.grefs);
    expect(hex(view)).toBe(sample.in.bytes);
  });

  test.each(golden.mapOfDomains)("encodeMapGrantRef() writes the golden bytes for domains $domids", (sample) => {
    const view = zeros(abi.mapGrantRefSize(sample.grefs.length));
    abi.encodeMapGrantRef(view, sample.domids, sample.grefs);
    expect(hex(view)).toBe(sample.bytes);
  });

  test.each(golden.mapGrantRef)("decodeMapGrantRef() reads the golden bytes with index $out.index", (sample) => {
    const decode = () => abi.decodeMapGrantRef(bytes(sample.out.bytes));
    if (Number(sample.out.index) >= TOO_LARGE) {
      expect(decode).toThrow(`from 0 to 9007199254740991: current value is ${sample.out.index}`);
    } else {
      expect(decode()).toBe(Number(sample.out.index));
    }
  });

  test("encodeMapGrantRef() overwrites everything when the memory was used before", () => {
    const view = used(24);
    abi.encodeMapGrantRef(view, 1, [2]);
    expect(hex(view)).toBe("0100000000000000" + "0000000000000000" + "0100000002000000");
  });

  test.each([
    ["domid", 2 ** 32, 0],
    ["grant reference", 0, 2 ** 32],
    ["grant reference", 0, -1],
  ])("encodeMapGrantRef() throws when the %s does not fit (%d, %d)", (name, domid, gref) => {
    const encode = () => abi.encodeMapGrantRef(zeros(24), domid, [gref]);
    expect(encode).toThrow(RangeError);
    expect(encode).toThrow(`Cannot encode the ${name} as`);
  });

  test("encodeMapGrantRef() throws when there is no domid for a reference", () => {
    expect(() => abi.encodeMapGrantRef(zeros(32), [1], [2, 3])).toThrow("Cannot encode the domid as");
  });
});

describe("runs of pages", () => {
  test.each(golden.runs)(
    "encodeRun() writes the golden bytes of $type from $index on",
    ({ index, count, ...sample }) => {
      const view = used(abi.RUN_SIZE);
      const encode = () => abi.encodeRun(view, Number(index), count);
      if (Number(index) >= TOO_LARGE) {
        expect(encode).toThrow(RangeError);
      } else {
        encode();
        expect(hex(view)).toBe(sample.bytes);
      }
    },
  );

  test.each([[-4096, 1], [0.5, 1], [0, 2 ** 32], [0, -1]])("encodeRun() throws when given %d, %d", (index, count) => {
    expect(() => abi.encodeRun(zeros(16), index, count)).toThrow(RangeError);
  });
});

describe("unmap notify", () => {
  test.each(golden.unmapNotifies)(
    "encodeUnmapNotify() writes the golden bytes of $type at $index",
    ({ index, action, port, ...sample }) => {
      const view = used(abi.UNMAP_NOTIFY_SIZE);
      const encode = () => abi.encodeUnmapNotify(view, Number(index), action, port);
      if (Number(index) >= TOO_LARGE) {
        expect(encode).toThrow(RangeError);
      } else {
        encode();
        expect(hex(view)).toBe(sample.bytes);
      }
    },
  );

  test.each([
    ["index", 2 ** 53, 0, 0],
    ["action", 0, -1, 0],
    ["event channel port", 0, 0, 2 ** 32],
  ])("encodeUnmapNotify() throws when the %s does not fit", (name, index, action, port) => {
    expect(() => abi.encodeUnmapNotify(zeros(16), index, action, port)).toThrow(`Cannot encode the ${name} as`);
  });
});

describe("grant copy", () => {
  type Side = (typeof golden.copySegments)[number]["from" | "to"];
  const side = (side: Side): copy.CopySide =>
    "address" in side ? BigInt(side.address!) : { domid: side.domid, gref: side.gref, offset: side.offset };

  test.each(golden.copySegments)("encodeCopySegment() writes the golden bytes of $length bytes", (sample) => {
    const view = used(3 * copy.COPY_SEGMENT_SIZE);
    copy.encodeCopySegment(view, copy.COPY_SEGMENT_SIZE, side(sample.from), side(sample.to), sample.length);
    const untouched = "ee".repeat(copy.COPY_SEGMENT_SIZE);
    expect(hex(view)).toBe(untouched + sample.in.bytes + untouched);
  });

  test.each(golden.copySegments)("decodeCopyStatus() reads status $out.status of the golden bytes", (sample) => {
    const view = bytes("ee".repeat(copy.COPY_SEGMENT_SIZE) + sample.out.bytes);
    expect(copy.decodeCopyStatus(view, copy.COPY_SEGMENT_SIZE)).toBe(sample.out.status);
  });

  test.each(golden.grantCopies)("encodeGrantCopy() writes the golden bytes of $count segments", (sample) => {
    const view = used(copy.GRANT_COPY_SIZE);
    copy.encodeGrantCopy(view, sample.count, BigInt(sample.segments));
    expect(hex(view)).toBe(sample.bytes);
  });

  const page = { domid: 1, gref: 8, offset: 0 };
  test.each([
    ["domid", { ...page, domid: 0x10000 }, 1],
    ["grant reference", { ...page, gref: -1 }, 1],
    ["offset", { ...page, offset: 0x10000 }, 1],
    ["length", page, 0x10000],
  ])("encodeCopySegment() throws when the %s does not fit", (name, page, length) => {
    const encode = () => copy.encodeCopySegment(zeros(copy.COPY_SEGMENT_SIZE), 0, 4096n, page, length);
    expect(encode).toThrow(RangeError);
    expect(encode).toThrow(`Cannot encode the ${name} as`);
  });
});

test("the statuses of a copy have the names of Xen's header", () => {
  const named = Object.entries(golden.statuses).sort(([, left], [, right]) => right - left);
  expect(named.map(([, status]) => status)).toEqual(named.map((_, at) => at === 0 ? 0 : -at));
  expect(STATUSES.map((name) => `GNTST_${name}`)).toEqual(named.map(([name]) => name));
});

describe("event channels", () => {
  test.each(golden.evtchn)("encodeEvtchn() writes the golden bytes of $type", ({ values, ...sample }) => {
    const view = zeros(4 * values.length);
    evtchn.encodeEvtchn(view, values[0]!, values[1]);
    expect(hex(view)).toBe(sample.bytes);
  });

  test.each([[-1, 0], [0, 2 ** 32], [1.5, 0]])("encodeEvtchn() throws when given %d, %d", (first, remotePort) => {
    expect(() => evtchn.encodeEvtchn(zeros(8), first, remotePort)).toThrow(RangeError);
  });
});
