import { PAGE_SIZE } from "../../../mod.ts";
import { assertEquals, assertRefused } from "../asserts.ts";
import type { MapperTests } from "./setup.ts";
import { assertNoEvent, nextEvent } from "../timing.ts";

/** The unmap notify of a page that is shared, as far as it sends an event. */
export const eventNotify: MapperTests = {
  async "sends an event when the page goes, once its byte is cleared"({ device, share, mapAsPeer, connect }) {
    const pages = share(device.open(), 2);
    const { ours, theirs } = await connect();
    const mapping = mapAsPeer(pages.grefs);
    mapping.bytes.fill(1);
    pages.setUnmapNotify({ clearByte: 8, eventPort: ours.port }, 1);
    const view = pages.map();
    pages.free();
    await assertNoEvent(theirs);
    view.unmap();
    await nextEvent(theirs);
    assertEquals([mapping.bytes[8], mapping.bytes[PAGE_SIZE + 8]], [1, 0]);
    await assertNoEvent(theirs);
    mapping.unmap();
  },
  async "sends an event alone, when the allocator is closed"({ device, share, connect }) {
    const allocator = device.open();
    const pages = share(allocator);
    const { ours, theirs } = await connect();
    pages.setUnmapNotify({ eventPort: ours.port });
    allocator.close();
    await nextEvent(theirs);
  },
  async "does what was set last, and nothing once it is cancelled"({ device, share, connect }) {
    const pages = share(device.open(), 2);
    const first = await connect();
    const second = await connect();
    pages.setUnmapNotify({ eventPort: first.ours.port });
    pages.setUnmapNotify({ eventPort: second.ours.port });
    pages.setUnmapNotify({ eventPort: first.ours.port }, 1);
    pages.setUnmapNotify({}, 1);
    pages.free();
    await nextEvent(second.theirs);
    await assertNoEvent(first.theirs);
  },
  async "is refused for a port that is not bound, and what was set stays"({ device, share, connect }) {
    const pages = share(device.open());
    const { ours, theirs } = await connect();
    pages.setUnmapNotify({ eventPort: ours.port });
    assertRefused(() => pages.setUnmapNotify({ clearByte: 2, eventPort: 99_999 }), "notify-refused");
    pages.free();
    await nextEvent(theirs);
  },
  async "sends its event even when its port was unbound meanwhile"({ device, share, connect }) {
    const pages = share(device.open());
    const { ours, theirs } = await connect();
    pages.setUnmapNotify({ eventPort: ours.port });
    ours.unbind();
    await assertNoEvent(theirs);
    pages.free();
    await nextEvent(theirs);
  },
};
