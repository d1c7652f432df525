/** Waiting for a limited time, and looking without waiting. */
import { describe, expect, test } from "vitest";
import { inspect } from "node:util";
import { MockXen } from "../../backends/mock.ts";
import { EventChannels } from "../../mod.ts";

/** Two ends of a channel. */
async function connect() {
  const xen = new MockXen();
  const events = new EventChannels(xen.domain(1));
  const channel = events.bindUnbound(0);
  const peer = new EventChannels(xen.domain(0)).bindInterdomain(1, channel.port);
  await peer.wait();
  return { xen, events, channel, peer };
}

describe("`wait()` with a timeout", () => {
  test("rejects with a `TimeoutError` that names the port and the time, and leaves nobody waiting", async () => {
    const { events, channel } = await connect();
    const error = await channel.wait({ timeout: 5 }).catch((error) => error);
    expect(error).toBeInstanceOf(DOMException);
    expect([error.name, error.message]).toEqual([
      "TimeoutError",
      "Cannot wait: no event arrived on port 1 within 5 ms.",
    ]);
    expect(events.inspect().waiting).toBe(0);
  });

  test("ends with whichever comes first: the event, the signal or the time", async () => {
    const { channel, peer } = await connect();
    for (const timeout of [10_000, Infinity]) {
      const event = channel.wait({ timeout });
      peer.notify();
      await event;
    }
    const reason = new Error("enough");
    const controller = new AbortController();
    const aborted = channel.wait({ timeout: 10_000, signal: controller.signal });
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await expect(channel.wait({ timeout: 1, signal: new AbortController().signal })).rejects.toMatchObject({
      name: "TimeoutError",
    });
  });

  test("of 0 takes an event that has been taken from the system, and waits no longer", async () => {
    const { events, channel, peer } = await connect();
    await expect(channel.wait({ timeout: 0 })).rejects.toMatchObject({ name: "TimeoutError" });
    const other = events.bindUnbound(0);
    // So that the event of the first channel is taken while nobody waits for it.
    peer.notify();
    await expect(other.wait({ timeout: 20 })).rejects.toMatchObject({ name: "TimeoutError" });
    await channel.wait({ timeout: 0 });
  });

  test("refuses times that are no whole number of milliseconds", async () => {
    const { channel } = await connect();
    for (const timeout of [-1, 0.5, NaN, -Infinity, 2 ** 31]) {
      await expect(channel.wait({ timeout })).rejects.toThrow(
        `Cannot wait as \`timeout\` must be a whole number from 0 to 2147483647: current value is ${timeout}`,
      );
    }
    await expect(channel.wait({ timeout: "5" as unknown as number })).rejects.toThrow(TypeError);
  });
});

test("`wait()` and `events()` refuse options that do not exist, and anything but a plain object", async () => {
  const { channel } = await connect();
  await expect(channel.wait({ timeOut: 5 } as object)).rejects.toThrow(
    "Cannot wait as there is no option `timeOut`: did you mean `timeout`? The options are `signal` and `timeout`",
  );
  await expect(channel.wait(AbortSignal.timeout(5) as object)).rejects.toThrow("must be a plain object");
  expect(() => channel.events({ timeout: 5 } as object)).toThrow("there is no option `timeout`");
});

describe("`poll()`", () => {
  test("does not take an event from those who wait, nor they from it", async () => {
    const { channel, peer } = await connect();
    const [wait, next] = [channel.wait(), channel.events().next()];
    peer.notify();
    expect(channel.poll()).toBe(true);
    await wait;
    await next;
    expect(channel.poll()).toBe(false);
  });

  test("takes the events of all channels of the file, and loses none", async () => {
    const { xen, events, channel, peer } = await connect();
    const second = events.bindUnbound(0);
    const other = new EventChannels(xen.domain(0)).bindInterdomain(1, second.port);
    peer.notify();
    other.notify();
    expect(channel.poll()).toBe(true);
    await second.wait({ timeout: 0 });
    expect(second.poll()).toBe(false);
  });

  test("fails all who wait if the system refuses, and throws", async () => {
    const domain = new MockXen().domain(1);
    const file = domain.events.open();
    const events = new EventChannels({ events: { name: "broken", open: () => file } });
    const channel = events.bindUnbound(0);
    const wait = channel.wait();
    file.pending = () => {
      throw new Error("planned");
    };
    expect(() => channel.poll()).toThrow("the backend broken failed: planned");
    await expect(wait).rejects.toThrow("planned");
  });
});

test("event channels are shown with their ports", async () => {
  const { events, channel } = await connect();
  expect(inspect(channel)).toBe("EventChannel { port: 1, closed: false }");
  expect(inspect(events)).toBe("EventChannels { backend: 'mock', closed: false, ports: [ 1 ] }");
});
