/** Event channels on backends that call back or answer as they should not. */
import { describe, expect, test } from "vitest";
import { Driven, on, state, turn } from "./event_file.ts";

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

  test("that always calls back without an event does not block the event loop", async () => {
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

  test("that names a masked port again and again does not block the event loop", async () => {
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

  test("that names ports of others, or what is not a port, wakes nobody", async () => {
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

  test("whose `pending` returns no list of ports fails all waits", async () => {
    const endless = new Proxy([], { get: (_, name) => name === "length" ? 1e9 : 1 });
    for (const answer of [undefined, null, 5, "1", {}, endless] as unknown as number[][]) {
      const driven = new Driven();
      driven.file.pending = () => answer;
      const wait = driven.channel.wait();
      driven.fire!();
      expect(await state(wait)).toBe("backend-failed");
    }
  });

  test("whose list of ports has an iterator of its own is read without it", async () => {
    const driven = new Driven();
    const wait = driven.channel.wait();
    const ports = Object.defineProperty([1], Symbol.iterator, { value: () => expect.unreachable() });
    driven.file.pending = () => ports;
    driven.fire!();
    expect(await state(wait)).toBe("done");
  });

  test("whose `whenPending` returns no function, or one that throws, is stopped nevertheless", async () => {
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

  test("that returns a wrong port, or a bound one, fails the binding and leaves the bound port alone", () => {
    for (const port of [-1, 0.5, NaN, Infinity, "5", null, undefined, Promise.resolve(5), 7] as unknown as number[]) {
      const events = on({ bindUnbound: () => 7, bindVirq: () => port });
      const channel = events.bindUnbound(0);
      expect(() => events.bindVirq(3)).toThrow(expect.objectContaining({ code: "backend-failed", operation: "bind" }));
      channel.notify();
      expect(channel.closed).toBe(false);
    }
  });
});
