/**
 * The simulated Xen in jest's default environment: with real timers and with fake ones, and what jest compares and
 * prints.
 */
import { EventChannels, GrantDevice, GrantError, GrantMapper } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";

const { jest } = import.meta;

/** Two domains, each with its handles. */
function connect() {
  const xen = new MockXen();
  const [ours, theirs] = [new EventChannels(xen.domain(1)), new EventChannels(xen.domain(0))];
  const channel = ours.bindUnbound(0);
  const peer = theirs.bindInterdomain(1, channel.port);
  const device = new GrantDevice(xen.domain(1));
  const mapper = new GrantMapper(xen.domain(0));
  const close = () => {
    for (const handle of [mapper, device, ours, theirs]) handle.close();
    xen.assertClean();
  };
  return { device, mapper, ours, theirs, channel, peer, close };
}

describe.each(["real", "fake"])("under %s timers", (timers) => {
  beforeEach(() => void (timers === "fake" ? jest.useFakeTimers() : jest.useRealTimers()));
  afterEach(() => void jest.useRealTimers());

  test("events arrive, at waits and iterators", async () => {
    const { channel, peer, close } = connect();
    await peer.wait();
    let count = 0;
    const iterating = (async () => {
      for await (const _ of channel) {
        if (++count === 3) break;
        peer.notify();
      }
    })();
    const wait = channel.wait();
    peer.notify();
    await Promise.all([wait, iterating]);
    expect(count).toBe(3);
    close();
  });

  test("a signal ends a wait", async () => {
    const { channel, close } = connect();
    await expect(channel.wait({ signal: AbortSignal.abort() })).rejects.toThrow("abort");
    const controller = new AbortController();
    const wait = channel.wait({ signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(wait).rejects.toThrow("enough");
    close();
  });

  test("a wait may have a timeout", async () => {
    const { channel, close } = connect();
    const wait = channel.wait({ timeout: 10 });
    if (timers === "fake") jest.advanceTimersByTime(10);
    await expect(wait).rejects.toMatchObject({ name: "TimeoutError" });
    close();
  });

  test("memory is shared, and arrays of jest's realm are accepted", () => {
    const { device, mapper, close } = connect();
    const shared = device.open().share(0, { pages: 2, writable: true });
    const mapping = mapper.map(1, shared.grefs);
    shared.bytes[0] = 7;
    const [array, buffer] = [new Uint8Array(4), Buffer.alloc(4)];
    mapping.readInto(array);
    mapping.readInto(buffer);
    expect([array[0], buffer[0], mapping.read(0, 1)[0]]).toEqual([7, 7, 7]);
    mapping.unmap();
    shared.release();
    close();
  });
});

test("handles can be compared and printed, open and closed", () => {
  const { device, mapper, ours, channel, close } = connect();
  const allocator = device.open();
  const shared = allocator.share(0);
  const pages = allocator.allocate(0);
  const [mapping, theirs] = [pages.map(), mapper.map(1, pages.grefs)];
  const handles = { device, allocator, shared, pages, mapping, mapper, theirs, ours, channel };
  const look = () => {
    for (const [name, handle] of Object.entries(handles)) {
      expect(handle).toEqual(handle);
      // jest prints both sides when they differ.
      expect(() => expect(handle).toEqual({ name })).toThrow("toEqual");
      expect(() => expect({ name }).toStrictEqual(handle)).toThrow("toStrictEqual");
    }
    console.log(handles);
  };
  look();
  expect(() => expect(pages).toEqual({ port: 1 })).toThrow(`"grefs": Array [\n+     ${pages.grefs[0]},`);
  for (const view of [mapping, theirs]) view.unmap();
  shared.release();
  pages.free();
  close();
  look();
});

test("errors are of the classes of jest's realm", () => {
  const { device, close } = connect();
  const allocator = device.open();
  expect(() => allocator.allocate(0, { pages: 0 })).toThrow(RangeError);
  expect(() => allocator.allocate("0")).toThrow(TypeError);
  device.limit = 0;
  expect(() => allocator.allocate(0)).toThrow(GrantError);
  close();
});
