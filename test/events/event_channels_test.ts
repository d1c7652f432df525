/** Event channels on backends that go out of their way. What every backend must do is in the conformance suite. */
import { describe, expect, test, vi } from "vitest";
import type { EventFile } from "../../src/contract/backend.ts";
import { MockXen } from "../../backends/mock.ts";
import { type EventChannel, EventChannels, GrantError } from "../../mod.ts";

/** A file that does nothing, but for what is given; ports are counted up from 1. */
function eventFile(replaced: Partial<EventFile> = {}): EventFile {
  let port = 0;
  return {
    bindUnbound: () => ++port,
    bindInterdomain: () => ++port,
    bindVirq: () => ++port,
    notify() {},
    pending: () => [],
    unmask() {},
    whenPending: () => () => {},
    unbind() {},
    close() {},
    ...replaced,
  };
}

/** Event channels on one file. */
function on(replaced: Partial<EventFile>): EventChannels {
  return new EventChannels({ events: { name: "hostile", open: () => eventFile(replaced) } });
}

/** A file that a test drives by hand: `fire` is the callback of the wait under way. */
class Driven {
  ports: number[] = [];
  fire: (() => void) | undefined;
  readonly calls: string[] = [];
  readonly file: EventFile = eventFile({
    pending: () => {
      this.calls.push("pending");
      return this.ports.splice(0);
    },
    unmask: (port) => void this.calls.push(`unmask ${port}`),
    whenPending: (callback) => {
      this.calls.push("wait");
      this.fire = callback;
      return () => {
        this.calls.push("stop");
        this.fire = undefined;
      };
    },
    unbind: (port) => void this.calls.push(`unbind ${port}`),
    close: () => void this.calls.push("close"),
  });
  readonly events = new EventChannels({ events: { name: "driven", open: () => this.file } });
  readonly channel: EventChannel = this.events.bindUnbound(0);

  /** An event comes. */
  come(...ports: number[]): void {
    this.ports.push(...ports);
    this.fire!();
  }
}

/** What a promise has come to after the microtasks that are due. */
async function state(promise: Promise<unknown>): Promise<unknown> {
  let result: unknown = "waiting";
  promise.then(() => result = "done", (error) => result = error instanceof GrantError ? error.code : error);
  await turn();
  return result;
}

/** The module of those who wait, loaded anew while `AbortSignal` has some methods replaced. */
async function withPrototype(methods: object) {
  const saved = Object.getOwnPropertyDescriptors(AbortSignal.prototype);
  Object.assign(AbortSignal.prototype, methods);
  try {
    vi.resetModules();
    return { waiters: await import("../../src/events/waiters.ts") };
  } finally {
    for (const name of Object.keys(methods)) delete (AbortSignal.prototype as unknown as Record<string, unknown>)[name];
    Object.defineProperties(AbortSignal.prototype, saved);
  }
}

/** A turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

describe("a channel", () => {
  test("waits in the backend while anybody waits, and unmasks when an event was taken", async () => {
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

  test("stays masked while nobody waits for its event, and no event is lost", async () => {
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

  test("gives an event that came before to one wait, and not to the next", async () => {
    const driven = new Driven();
    const wait = driven.events.bindUnbound(0).wait();
    driven.come(1);
    expect(await state(driven.channel.wait())).toBe("done");
    expect(await state(driven.channel.wait())).toBe("waiting");
    driven.events.close();
    expect(await state(wait)).toBe("closed");
  });

  test("begins no second wait in the pause after an answer that was no news", async () => {
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

  test("stops waiting before it is unbound, and before the file is closed", async () => {
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
});

describe("a backend", () => {
  test("that calls back at once, twice, and late does no harm", async () => {
    let later = () => {};
    let asked = 0;
    const events = on({
      whenPending(callback) {
        callback();
        callback();
        later = callback;
        return () => {};
      },
      pending: () => ++asked === 3 ? [1] : [],
    });
    const channel = events.bindUnbound(0);
    await channel.wait();
    expect(asked).toBe(3);
    later();
    expect(asked).toBe(3);
    expect(events.bindUnbound(0).port).toBe(2);
  });

  test("that always calls back for nothing leaves the event loop its turns", async () => {
    let calls = 0;
    const events = on({
      whenPending(callback) {
        calls++;
        callback();
        return () => {};
      },
    });
    const wait = events.bindUnbound(0).wait({ signal: AbortSignal.timeout(30) });
    await expect(wait).rejects.toMatchObject({ name: "TimeoutError" });
    const before = calls;
    await turn();
    expect(calls).toBe(before);
  });

  test("that names a masked port again and again leaves the event loop its turns", async () => {
    const events = on({
      whenPending(callback) {
        queueMicrotask(callback);
        return () => {};
      },
      pending: () => [1],
    });
    const [, second] = [events.bindUnbound(0), events.bindUnbound(0)];
    const wait = second.wait({ signal: AbortSignal.timeout(30) });
    await expect(wait).rejects.toMatchObject({ name: "TimeoutError" });
  });

  test("that names ports that are not ours, or no ports, wakes nobody", async () => {
    const driven = new Driven();
    const wait = driven.channel.wait();
    driven.come(2, -1, NaN, 2 ** 40);
    expect(await state(wait)).toBe("waiting");
    driven.ports = ["1", null, {}] as unknown as number[];
    driven.fire!();
    expect(await state(wait)).toBe("waiting");
    driven.come(1);
    expect(await state(wait)).toBe("done");
  });

  test("that answers no list of ports fails whoever waits", async () => {
    const endless = new Proxy([], { get: (_, name) => name === "length" ? 1e9 : 1 });
    for (const answer of [undefined, null, 5, "1", {}, endless] as unknown as number[][]) {
      const driven = new Driven();
      driven.file.pending = () => answer;
      const wait = driven.channel.wait();
      driven.fire!();
      expect(await state(wait)).toBe("backend-failed");
    }
  });

  test("whose ports have an iterator of their own is read without it", async () => {
    const driven = new Driven();
    const wait = driven.channel.wait();
    const ports = Object.defineProperty([1], Symbol.iterator, { value: () => expect.unreachable() });
    driven.file.pending = () => ports;
    driven.fire!();
    expect(await state(wait)).toBe("done");
  });

  test("that fails to say what is pending fails all who wait, and the next wait tries again", async () => {
    const driven = new Driven();
    const { channel, events } = driven;
    const works = driven.file.pending;
    driven.file.pending = () => {
      throw new Error("planned");
    };
    const waits = [channel.wait(), events.bindUnbound(0).wait(), channel.events().next()];
    driven.fire!();
    for (const wait of waits) await expect(wait).rejects.toThrow("the backend driven failed: planned");
    driven.file.pending = works;
    const again = channel.wait();
    driven.come(1);
    expect(await state(again)).toBe("done");
  });

  test("that cannot wait fails all who wait, and leaves nobody behind", async () => {
    let broken = true;
    const driven = new Driven();
    const { whenPending } = driven.file;
    driven.file.whenPending = (callback) => {
      if (broken) throw new Error("planned");
      return whenPending(callback);
    };
    await expect(driven.channel.wait()).rejects.toMatchObject({ code: "backend-failed", operation: "wait" });
    broken = false;
    const wait = driven.channel.wait();
    driven.come(1);
    expect(await state(wait)).toBe("done");
  });

  test("that fails to wait again, in the middle, tells those who still wait", async () => {
    const driven = new Driven();
    const { channel, events } = driven;
    const states = [channel.wait(), events.bindUnbound(0).wait()].map(state);
    driven.file.whenPending = () => {
      throw new Error("planned");
    };
    driven.come(1);
    expect(await Promise.all(states)).toEqual(["done", "backend-failed"]);
  });

  test("that fails to unmask fails that wait alone, and no event is lost", async () => {
    const driven = new Driven();
    const { channel } = driven;
    const wait = channel.wait();
    driven.come(1);
    await wait;
    const { unmask } = driven.file;
    driven.file.unmask = () => {
      throw new Error("planned");
    };
    await expect(channel.wait()).rejects.toMatchObject({ code: "backend-failed" });
    await expect(channel.wait()).rejects.toThrow("planned");
    driven.file.unmask = unmask;
    const again = channel.wait();
    expect(driven.calls.slice(-2)).toEqual(["unmask 1", "wait"]);
    driven.come(1);
    expect(await state(again)).toBe("done");
  });

  test("whose way to stop is none, or throws, is stopped all the same", async () => {
    for (const stop of [undefined, 5, () => expect.unreachable()] as unknown as (() => void)[]) {
      let late = () => {};
      let asked = 0;
      const events = on({
        whenPending(callback) {
          late = callback;
          return stop;
        },
        pending() {
          asked++;
          return [1];
        },
      });
      const channel = events.bindUnbound(0);
      const wait = channel.wait();
      channel.unbind();
      late();
      expect(await state(wait)).toBe("closed");
      expect(asked).toBe(0);
    }
  });

  test("that binds no port, or one that is bound, is told so, and what was bound stays", () => {
    for (const port of [-1, 0.5, NaN, Infinity, "5", null, undefined, Promise.resolve(5), 7] as unknown as number[]) {
      const events = on({ bindUnbound: () => 7, bindVirq: () => port });
      const channel = events.bindUnbound(0);
      expect(() => events.bindVirq(3)).toThrow(expect.objectContaining({ code: "backend-failed", operation: "bind" }));
      channel.notify();
      expect(channel.closed).toBe(false);
    }
  });

  test("that fails to unbind or to close has unbound and closed all the same", async () => {
    const fails = () => {
      throw new Error("planned");
    };
    const events = on({ unbind: fails, close: fails });
    const [first, second] = [events.bindUnbound(0), events.bindUnbound(0)];
    const waits = [first.wait(), second.wait()].map(state);
    expect(() => first.unbind()).toThrow(expect.objectContaining({ code: "backend-failed", operation: "unbind" }));
    first.unbind();
    expect(() => events.close()).toThrow(expect.objectContaining({ code: "backend-failed", operation: "close" }));
    events.close();
    expect([first.closed, second.closed]).toEqual([true, true]);
    expect(await Promise.all(waits)).toEqual(["closed", "closed"]);
  });

  test("that calls back into the library in the middle of a call gets `busy`, and nothing changes", async () => {
    const refused: string[] = [];
    const attempt = (action: () => unknown) => {
      try {
        const result = action();
        if (result instanceof Promise) result.catch(({ code }) => refused.push(code));
        else refused.push("nothing");
      } catch (error) {
        refused.push((error as GrantError).code);
      }
    };
    const events: EventChannels = on({
      notify() {
        attempt(() => channel.notify());
        attempt(() => events.bindUnbound(0));
        attempt(() => channel.unbind());
        attempt(() => events.close());
        attempt(() => channel.wait());
      },
    });
    const channel: EventChannel = events.bindUnbound(0);
    channel.notify();
    await turn();
    expect(refused).toEqual(["busy", "busy", "busy", "busy", "busy"]);
    const wait = channel.wait();
    channel.notify();
    await turn();
    expect(refused.length).toBe(10);
    expect(new Set(refused)).toEqual(new Set(["busy"]));
    expect(await state(wait)).toBe("waiting");
    expect(channel.closed).toBe(false);
    expect(events.bindUnbound(0).port).toBe(2);
  });

  test("that aborts a wait in the middle of a call ends that wait", async () => {
    const controller = new AbortController();
    const events = on({ notify: () => controller.abort("enough") });
    const channel = events.bindUnbound(0);
    const wait = channel.wait({ signal: controller.signal });
    channel.notify();
    expect(await state(wait)).toBe("enough");
  });

  test("that aborts the wait that it begins is stopped, and the next wait begins anew", async () => {
    const controller = new AbortController();
    let [waits, stops] = [0, 0];
    const events = on({
      whenPending() {
        waits++;
        controller.abort("enough");
        return () => void stops++;
      },
    });
    const channel = events.bindUnbound(0);
    expect(await state(channel.wait({ signal: controller.signal }))).toBe("enough");
    expect([waits, stops]).toEqual([1, 1]);
    const next = channel.wait();
    expect([waits, stops]).toEqual([2, 1]);
    events.close();
    expect(await state(next)).toBe("closed");
    expect(stops).toBe(2);
  });

  test("that aborts a wait while it unmasks the port ends that wait", async () => {
    const driven = new Driven();
    const controller = new AbortController();
    driven.file.unmask = () => controller.abort("enough");
    const first = driven.channel.wait();
    driven.come(1);
    await first;
    expect(await state(driven.channel.wait({ signal: controller.signal }))).toBe("enough");
    expect(driven.calls).toEqual(["wait", "pending"]);
  });

  test("that is none, or opens none, is told so", () => {
    expect(() => new EventChannels({ events: { name: "x", open: () => null as unknown as EventFile } }).bindUnbound(0))
      .toThrow(
        expect.objectContaining({ code: "backend-failed" }),
      );
    expect(() =>
      new EventChannels({
        events: {
          name: "x",
          open() {
            throw new GrantError("no", { code: "no-device", operation: "open" });
          },
        },
      }).bindUnbound(0)
    ).toThrow(expect.objectContaining({ code: "no-device", operation: "open" }));
  });
});

describe("a caller's signal", () => {
  test("with methods of its own is listened to by the real ones", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    Object.defineProperty(signal, "addEventListener", { value: () => expect.unreachable() });
    Object.defineProperty(signal, "removeEventListener", { value: () => expect.unreachable() });
    const driven = new Driven();
    const [first, second] = [driven.channel.wait({ signal }), driven.channel.wait({ signal })];
    driven.come(1);
    expect(await state(Promise.all([first, second]))).toBe("done");
    const third = driven.channel.wait({ signal });
    controller.abort();
    await expect(third).rejects.toMatchObject({ name: "AbortError" });
  });

  test("that throws when it is let go of keeps nobody else from being woken", async () => {
    const controller = new AbortController();
    let hostile = false;
    const signal = new Proxy(controller.signal, {
      get(target, key) {
        if (hostile) throw new Error("hostile");
        return Reflect.get(target, key, target);
      },
    });
    const driven = new Driven();
    const waits = [driven.channel.wait({ signal }), driven.channel.wait()].map(state);
    hostile = true;
    driven.come(1);
    expect(await Promise.all(waits)).toEqual(["done", "done"]);
    controller.abort();
    // Nobody waits, and the next one is the first.
    expect(driven.calls).toEqual(["wait", "pending"]);
    const last = driven.channel.wait();
    driven.come(1);
    expect(await state(last)).toBe("done");
  });

  test("is let go of when the wait is over", async () => {
    let listeners = 0;
    const counting = (change: number) => (type: string) => {
      if (type === "abort") listeners += change;
    };
    const { waiters } = await withPrototype({ addEventListener: counting(1), removeEventListener: counting(-1) });
    const { signal } = new AbortController();
    for (const end of ["wake", "fail"] as const) {
      const all = new waiters.Waiters(() => {});
      const promises = Array.from({ length: 50 }, () => all.add(signal).promise.catch(() => {}));
      expect(listeners).toBe(50);
      all[end](1);
      await Promise.all(promises);
      expect([listeners, all.size]).toEqual([0, 0]);
    }
  });
});

test("a channel's port is not to be changed", () => {
  const xen = new MockXen();
  const events = new EventChannels(xen.domain(1));
  const [first, second] = [events.bindUnbound(0), events.bindUnbound(0)];
  expect(Reflect.set(first, "port", second.port)).toBe(false);
  first.unbind();
  second.notify();
  second.unbind();
  xen.assertClean();
});

test("thousands may wait, for one channel or for as many, and all are told", async () => {
  const xen = new MockXen({ eventChannels: 5000 });
  const events = new EventChannels(xen.domain(1));
  const channels = Array.from({ length: 3000 }, () => events.bindUnbound(0));
  const waits = [...channels, ...Array.from({ length: 3000 }, () => channels[0]!)].map((channel) => channel.wait());
  const states = Promise.all(waits.map((wait) => wait.catch(({ code }) => code)));
  events.close();
  expect(new Set(await states)).toEqual(new Set(["closed"]));
  xen.assertClean();
});
