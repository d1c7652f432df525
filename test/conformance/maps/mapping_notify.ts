import { PAGE_SIZE } from "../../../mod.ts";
import { assertEquals, assertRefused, assertThrows } from "../asserts.ts";
import type { MapperTests } from "./setup.ts";
import { UNBOUND_PORT } from "../grants/setup.ts";
import { assertNoEvent, nextEvent } from "../timing.ts";

/** The unmap notify of a mapping. */
export const mappingNotify: MapperTests = {
  "clears its byte when the mapping ends, and not before"({ device, share, mapAsPeer }) {
    const pages = share(device.open(), 2);
    const ours = pages.map();
    ours.bytes.fill(1);
    const theirs = mapAsPeer(pages.grefs);
    theirs.setUnmapNotify({ clearByte: PAGE_SIZE + 3 });
    assertEquals(ours.bytes[PAGE_SIZE + 3], 1);
    theirs.unmap();
    assertEquals([3, PAGE_SIZE + 2, PAGE_SIZE + 3, PAGE_SIZE + 4].map((byte) => ours.bytes[byte]), [1, 1, 0, 1]);
    ours.bytes[PAGE_SIZE + 3] = 1;
    theirs.unmap();
    mapAsPeer(pages.grefs).unmap();
    assertEquals(ours.bytes[PAGE_SIZE + 3], 1, "it fires once");
    ours.unmap();
  },
  "sends an event, once the byte is cleared"({ device, share, mapAsPeer, connect }) {
    const pages = share(device.open());
    const ours = pages.map();
    const theirs = mapAsPeer(pages.grefs);
    theirs.bytes[PAGE_SIZE - 1] = 1;
    return connect().then(async (channel) => {
      theirs.setUnmapNotify({ clearByte: PAGE_SIZE - 1, eventPort: channel.theirs.port });
      await assertNoEvent(channel.ours);
      theirs.unmap();
      await nextEvent(channel.ours);
      assertEquals(ours.bytes[PAGE_SIZE - 1], 0);
      await assertNoEvent(channel.ours);
      ours.unmap();
    });
  },
  async "sends an event alone, from a mapping that is read-only too"({ device, share, mapper, target, connect }) {
    const pages = share(device.open());
    const { ours, theirs } = await connect();
    const mapping = mapper.map(target.granterDomid, pages.grefs);
    assertRefused(() => mapping.setUnmapNotify({ clearByte: 0 }), "notify-refused");
    mapping.setUnmapNotify({ eventPort: theirs.port });
    assertRefused(() => mapping.setUnmapNotify({ clearByte: 0 }), "notify-refused");
    mapping.unmap();
    await nextEvent(ours);
  },
  async "does what was set last, and nothing once it is cancelled"({ device, share, mapAsPeer, connect }) {
    const pages = share(device.open());
    const view = pages.map();
    const { ours, theirs } = await connect();
    const first = mapAsPeer(pages.grefs);
    const second = mapAsPeer(pages.grefs);
    first.bytes.fill(1);
    first.setUnmapNotify({ clearByte: 1, eventPort: theirs.port });
    first.setUnmapNotify({ clearByte: 2 });
    second.setUnmapNotify({ clearByte: 3, eventPort: theirs.port });
    second.setUnmapNotify({});
    first.unmap();
    second.unmap();
    assertEquals([...view.read(0, 5)], [1, 1, 0, 1, 1]);
    await assertNoEvent(ours);
    view.unmap();
  },
  "is refused for a port that is not bound, and what was set stays"({ device, share, mapAsPeer }) {
    const pages = share(device.open());
    const view = pages.map();
    const theirs = mapAsPeer(pages.grefs);
    theirs.bytes.fill(1);
    theirs.setUnmapNotify({ clearByte: 1 });
    assertRefused(() => theirs.setUnmapNotify({ clearByte: 2, eventPort: 99_999 }), "notify-refused");
    theirs.unmap();
    assertEquals([...view.read(0, 3)], [1, 0, 1]);
    assertRefused(() => theirs.setUnmapNotify({ clearByte: 0 }), "closed");
    view.unmap();
  },
  async "sends its event even when its port was unbound meanwhile"({ device, share, mapAsPeer, connect }) {
    const pages = share(device.open());
    const { ours, theirs } = await connect();
    const mapping = mapAsPeer(pages.grefs);
    mapping.setUnmapNotify({ eventPort: theirs.port });
    theirs.unbind();
    await assertNoEvent(ours);
    mapping.unmap();
    await nextEvent(ours);
  },
  async "fires when the mapping ends after its mapper was closed"({ device, share, mapAsPeer, mapper, connect }) {
    const pages = share(device.open());
    const view = pages.map();
    const { ours, theirs } = await connect();
    const mapping = mapAsPeer(pages.grefs);
    mapping.bytes[0] = 1;
    mapping.setUnmapNotify({ clearByte: 0, eventPort: theirs.port });
    mapper.close();
    await assertNoEvent(ours);
    assertEquals(view.bytes[0], 1);
    mapping.unmap();
    await nextEvent(ours);
    assertEquals(view.bytes[0], 0);
    view.unmap();
  },
  async "is set with the mapping, or the mapping is not made"({ device, share, mapper, target, connect }) {
    const pages = share(device.open(), 2);
    const ours = pages.map();
    ours.bytes.fill(1);
    const channel = await connect();
    const { granterDomid } = target;
    const refused = { clearByte: 0, eventPort: UNBOUND_PORT };
    assertRefused(
      () => mapper.map(granterDomid, pages.grefs, { writable: true, unmapNotify: refused }),
      "notify-refused",
    );
    assertRefused(() => mapper.map(granterDomid, pages.grefs, { unmapNotify: { clearByte: 0 } }), "notify-refused");
    const beyond = { clearByte: 2 * PAGE_SIZE };
    assertThrows(
      () => mapper.map(granterDomid, pages.grefs, { writable: true, unmapNotify: beyond }),
      RangeError,
      "`clearByte`",
    );
    assertEquals([mapper.inspect().mappings, mapper.inspect().pages], [0, 0]);
    assertEquals(ours.bytes[0], 1);

    const unmapNotify = { clearByte: PAGE_SIZE, eventPort: channel.theirs.port };
    const grants = pages.grefs.map((gref) => ({ domid: granterDomid, gref }));
    const theirs = mapper.mapGrants(grants, { writable: true, unmapNotify });
    theirs.unmap();
    await nextEvent(channel.ours);
    assertEquals([ours.bytes[0], ours.bytes[PAGE_SIZE]], [1, 0]);
    ours.unmap();
  },
};
