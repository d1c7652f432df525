import { type GrantCopy, PAGE_SIZE } from "../../../mod.ts";
import { assert, assertEquals, assertRefused } from "../asserts.ts";
import type { MapperSetup, MapperTests } from "./setup.ts";

/** A page of the granter's with the bytes 0, 1, 2, … in it, and how a copy names it. */
function counting({ device, share, target }: MapperSetup) {
  const pages = share(device.open());
  const view = pages.map();
  for (let byte = 0; byte < PAGE_SIZE; byte++) view.bytes[byte] = byte;
  return { pages, view, place: { domid: target.granterDomid, gref: pages.grefs[0]! } };
}

/** Grant copies: by the peer, of the granter's pages. */
export const copy: MapperTests = {
  "brings bytes from a page into an array"(setup) {
    const { view, place } = counting(setup);
    const target = new Uint8Array(6).fill(99);
    const whole = new Uint8Array(PAGE_SIZE);
    const statuses = setup.mapper.copy([
      { from: { ...place, offset: 4000 }, to: target, length: 4 },
      { from: place, to: whole },
    ]);
    assertEquals(statuses, ["okay", "okay"]);
    assertEquals([...target], [...view.read(4000, 4), 99, 99]);
    assertEquals([...whole], [...view.read()]);
    view.unmap();
  },
  "brings bytes from an array into a page"(setup) {
    const { view, place } = counting(setup);
    const source = Uint8Array.of(0, 77, 88, 99).subarray(1);
    assertEquals(setup.mapper.copy([{ from: source, to: { ...place, offset: PAGE_SIZE - 3 } }]), ["okay"]);
    assertEquals([...view.read(PAGE_SIZE - 4)], [252, 77, 88, 99]);
    view.bytes.fill(1);
    assertEquals(setup.mapper.copy([{ from: new Uint8Array(PAGE_SIZE).fill(5), to: place, length: 4095 }]), ["okay"]);
    assertEquals([...view.read(4094)], [5, 1]);
    view.unmap();
  },
  "brings bytes from one page into another, and inside of one"(setup) {
    const { view, place } = counting(setup);
    const other = counting(setup);
    other.view.bytes.fill(0);
    const statuses = setup.mapper.copy([
      { from: { ...place, offset: 10 }, to: { ...other.place, offset: 100 }, length: 3 },
      { from: { ...place, offset: 10 }, to: { ...place, offset: 3000 }, length: 2 },
    ]);
    assertEquals(statuses, ["okay", "okay"]);
    assertEquals([...other.view.read(99, 5)], [0, 10, 11, 12, 0]);
    assertEquals([...view.read(2999, 4)], [183, 10, 11, 186]);
    view.unmap();
    other.view.unmap();
  },
  "does one segment after the other"(setup) {
    const { view, place } = counting(setup);
    const other = counting(setup);
    const last = new Uint8Array(1);
    const segments: GrantCopy[] = [
      { from: Uint8Array.of(200), to: place },
      { from: place, to: other.place, length: 1 },
      { from: other.place, to: last },
    ];
    assertEquals(setup.mapper.copy(segments), ["okay", "okay", "okay"]);
    assertEquals(last[0], 200);
    view.unmap();
    other.view.unmap();
  },
  "does many segments at once"(setup) {
    const { view, place } = counting(setup);
    const targets = Array.from({ length: 500 }, () => new Uint8Array(1));
    const segments = targets.map((to, offset) => ({ from: { ...place, offset }, to }));
    assert(setup.mapper.copy(segments).every((status) => status === "okay"), "each segment is copied");
    assertEquals(targets.map(([byte]) => byte), targets.map((_, offset) => offset % 256));
    view.unmap();
  },
  "tells what became of each segment, and copies those that it can"(setup) {
    const { view, place, pages } = counting(setup);
    const { device, share, mapper, target } = setup;
    const allocator = device.open();
    const gone = share(allocator);
    const [goneGref] = gone.grefs as [number];
    const domid = target.granterDomid;
    const readOnly = { domid, gref: allocator.allocate(target.peerDomid).grefs[0]! };
    const foreign = { domid, gref: allocator.allocate(target.peerDomid + 77, { writable: true }).grefs[0]! };
    // Last, because its reference is the first to be used again.
    gone.free();
    const array = () => new Uint8Array(2).fill(9);
    const arrays = Array.from({ length: 5 }, array);
    const statuses = mapper.copy([
      { from: { domid, gref: goneGref }, to: arrays[0]! },
      { from: { domid, gref: 0xffff_ffff }, to: arrays[1]! },
      { from: { domid: 0x7fef, gref: pages.grefs[0]! }, to: arrays[2]! },
      { from: foreign, to: arrays[3]! },
      { from: array(), to: readOnly },
      { from: readOnly, to: arrays[4]! },
      { from: place, to: readOnly, length: 2 },
      { from: array(), to: { ...place, offset: 7 } },
    ]);
    assertEquals(statuses, [
      "general_error",
      "bad_gntref",
      "bad_domain",
      "general_error",
      "general_error",
      "okay",
      "general_error",
      "okay",
    ]);
    assertEquals(arrays.map(([byte]) => byte), [9, 9, 9, 9, 0], "what was not copied is as before");
    assertEquals([...view.read(6, 4)], [6, 9, 9, 9]);
    view.unmap();
  },
  "needs no mapping, and minds none"(setup) {
    const { view, place, pages } = counting(setup);
    const theirs = setup.mapAsPeer(pages.grefs);
    const target = new Uint8Array(1);
    theirs.bytes[5] = 33;
    setup.mapper.copy([{ from: { ...place, offset: 5 }, to: target }]);
    assertEquals(target[0], 33);
    setup.mapper.copy([{ from: Uint8Array.of(44), to: { ...place, offset: 5 } }]);
    assertEquals(theirs.bytes[5], 44);
    // Into memory that is itself shared.
    setup.mapper.copy([{ from: { ...place, offset: 5 }, to: theirs.bytes.subarray(6, 7) }]);
    assertEquals(view.bytes[6], 44);
    theirs.unmap();
    view.unmap();
    pages.free();
    assertEquals(setup.mapper.copy([{ from: place, to: target }]), ["general_error"]);
    setup.mapper.close();
    assertRefused(() => setup.mapper.copy([{ from: place, to: target }]), "closed");
  },
};
