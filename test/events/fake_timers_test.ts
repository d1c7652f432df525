/** Event channels under the fake timers of a test framework. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { EventChannels } from "../../mod.ts";

/** Everything that vitest can replace in a child process, where `nextTick` cannot be. */
const ALL = [
  "setTimeout",
  "clearTimeout",
  "setInterval",
  "clearInterval",
  "setImmediate",
  "clearImmediate",
  "queueMicrotask",
  "performance",
  "Date",
] as const;

beforeEach(() => void vi.useFakeTimers({ toFake: [...ALL] }));
afterEach(() => void vi.useRealTimers());

/** Two ends of a channel. */
async function connect() {
  const xen = new MockXen();
  const channel = new EventChannels(xen.domain(1)).bindUnbound(0);
  const peer = new EventChannels(xen.domain(0)).bindInterdomain(1, channel.port);
  await peer.wait();
  return { channel, peer };
}

test("events arrive under fake timers, at waits and iterators", async () => {
  const { channel, peer } = await connect();
  let count = 0;
  const iterating = (async () => {
    for await (const _ of channel) {
      count++;
      if (count === 3) break;
      peer.notify();
    }
  })();
  const wait = channel.wait();
  peer.notify();
  await Promise.all([wait, iterating]);
  expect(count).toBe(3);
});

test("a backend that calls back for nothing is asked again under fake timers", async () => {
  let asked = 0;
  const events = new EventChannels({
    events: {
      name: "idle",
      open: () => ({
        bindUnbound: () => 1,
        bindInterdomain: () => 1,
        bindVirq: () => 1,
        notify() {},
        pending: () => ++asked < 3 ? [] : [1],
        unmask() {},
        whenPending(callback) {
          callback();
          return () => {};
        },
        reset() {},
        unbind() {},
        close() {},
      }),
    },
  });
  await events.bindUnbound(0).wait();
  expect(asked).toBe(3);
});

test("the `timeout` of a wait is the program's own timer, which fake timers control", async () => {
  const { channel } = await connect();
  const wait = expect(channel.wait({ timeout: 60_000 })).rejects.toMatchObject({ name: "TimeoutError" });
  await vi.advanceTimersByTimeAsync(60_000);
  await wait;
});
