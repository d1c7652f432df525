/** When event channels wait, unmask and stop. What every backend must do is in the conformance suite. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { EventChannels } from "../../mod.ts";
import { Driven, eventFile, state, turn } from "./event_file.ts";

describe("a channel", () => {
  test("waits in the backend while anyone waits, and unmasks its port once its event was taken", async () => {
    const driven = new Driven();
    const { channel, calls } = driven;
    expect(calls).toEqual([]);
    const [first, second] = [channel.wait(), channel.wait()];
    expect(calls).toEqual(["wait"]);
    driven.come(1);
    expect(await state(Promise.all([first, second]))).toBe("done");
    expect(calls).toEqual(["wait", "pending"]);
    const controller = new AbortController();
    const third = channel.wait({ signal: controller.signal });
    expect(calls.slice(2)).toEqual(["unmask 1", "wait"]);
    controller.abort("enough");
    expect(await state(third)).toBe("enough");
    expect(calls.slice(4)).toEqual(["stop"]);
    channel.wait({ signal: controller.signal }).catch(() => {});
    expect(calls.slice(5)).toEqual([]);
  });

  test("stays masked while nobody waits for its event, and loses no event", async () => {
    const driven = new Driven();
    const { channel, events, calls } = driven;
    const other = events.bindUnbound(0);
    const wait = other.wait();
    driven.come(1);
    expect(await state(wait)).toBe("waiting");
    expect(calls).toEqual(["wait", "pending", "wait"]);
    expect(await state(channel.wait())).toBe("done");
    expect(calls.length).toBe(3);
    driven.come(2);
    expect(await state(wait)).toBe("done");
    expect(calls.slice(3)).toEqual(["pending"]);
    expect(await state(channel.wait())).toBe("waiting");
    expect(calls.slice(4)).toEqual(["unmask 1", "wait"]);
  });

  test("gives an event that arrived earlier to one wait, and not to the next", async () => {
    const driven = new Driven();
    const wait = driven.events.bindUnbound(0).wait();
    driven.come(1);
    expect(await state(driven.channel.wait())).toBe("done");
    expect(await state(driven.channel.wait())).toBe("waiting");
    driven.events.close();
    expect(await state(wait)).toBe("closed");
  });

  test("begins no second wait in the pause after an answer without news", async () => {
    const driven = new Driven();
    const first = driven.channel.wait();
    driven.come();
    const second = driven.channel.wait();
    expect(driven.calls).toEqual(["wait", "pending"]);
    await turn();
    expect(driven.calls).toEqual(["wait", "pending", "wait"]);
    driven.come(1);
    expect(await Promise.all([first, second].map(state))).toEqual(["done", "done"]);
  });

  test("stops its wait before it is unbound, and before the file is closed", async () => {
    const driven = new Driven();
    const { channel, events, calls } = driven;
    const other = events.bindUnbound(0);
    const [first, second] = [channel.wait(), other.wait()];
    channel.unbind();
    expect(await state(first)).toBe("closed");
    expect(calls).toEqual(["wait", "unbind 1"]);
    events.close();
    expect(await state(second)).toBe("closed");
    expect(calls).toEqual(["wait", "unbind 1", "stop", "close"]);
  });

  test("opens the backend with the first binding, once", () => {
    let opens = 0;
    const events = new EventChannels({
      events: {
        name: "counting",
        open() {
          opens++;
          return eventFile();
        },
      },
    });
    expect(opens).toBe(0);
    events.bindUnbound(0);
    events.bindVirq(3);
    expect(opens).toBe(1);
    new EventChannels({ events: { name: "never opened", open: () => expect.unreachable() } }).close();
  });

  test("has a `port` that cannot be set", () => {
    const xen = new MockXen();
    const events = new EventChannels(xen.domain(1));
    const [first, second] = [events.bindUnbound(0), events.bindUnbound(0)];
    expect(Reflect.set(first, "port", second.port)).toBe(false);
    first.unbind();
    second.notify();
    second.unbind();
    xen.assertClean();
  });
});

test("`close()` ends thousands of waits, of one channel and of as many channels", async () => {
  const xen = new MockXen({ eventChannels: 5000 });
  const events = new EventChannels(xen.domain(1));
  const channels = Array.from({ length: 3000 }, () => events.bindUnbound(0));
  const waits = [...channels, ...Array.from({ length: 3000 }, () => channels[0]!)].map((channel) => channel.wait());
  const states = Promise.all(waits.map((wait) => wait.catch(({ code }) => code)));
  events.close();
  expect(new Set(await states)).toEqual(new Set(["closed"]));
  xen.assertClean();
});
