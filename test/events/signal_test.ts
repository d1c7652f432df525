/** Signals that end a wait for events. */
import { describe, expect, test, vi } from "vitest";
import vm from "node:vm";
import { Driven, state } from "./event_file.ts";

/** Loads the module of waiters anew while `AbortSignal` has some methods replaced. */
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

describe("a caller's signal", () => {
  test("with overridden methods is used through the methods of `AbortSignal`", async () => {
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

  test("of another library, which gives no reason, ends the wait with an `AbortError`", async () => {
    class OtherSignal {
      aborted = false;
      listeners: (() => void)[] = [];
      addEventListener(_type: string, listener: () => void) {
        this.listeners.push(listener);
      }
      removeEventListener() {}
      abort() {
        this.aborted = true;
        for (const listener of this.listeners) listener();
      }
    }
    const other = new OtherSignal();
    const signal = other as unknown as AbortSignal;
    const driven = new Driven();
    const wait = driven.channel.wait({ signal });
    other.abort();
    await expect(wait).rejects.toMatchObject({ name: "AbortError" });
    await expect(driven.channel.wait({ signal })).rejects.toMatchObject({ name: "AbortError" });
  });

  test("that is aborted while the listener is added ends the wait", async () => {
    const reason = new Error("at once");
    const signal = {
      aborted: false,
      reason,
      addEventListener() {
        signal.aborted = true;
      },
      removeEventListener() {},
    };
    const driven = new Driven();
    await expect(driven.channel.wait({ signal: signal as unknown as AbortSignal })).rejects.toBe(reason);
  });

  test("that throws when its listener is removed does not keep others from being woken", async () => {
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

  test("has no listener left when the wait is over", async () => {
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

describe("a signal of another realm", () => {
  /**
   * A new realm has no `AbortController`, so this makes one there, with an `AbortSignal` that nothing here is an instance
   * of. Its methods refuse other objects, as those of platforms do.
   */
  const script = new vm.Script(`
    class AbortSignal {
      #listeners = new Set();
      #reason;
      aborted = false;
      get reason() { return this.#reason; }
      get listeners() { return this.#listeners.size; }
      addEventListener(type, listener) { if (type === "abort") this.#listeners.add(listener); }
      removeEventListener(type, listener) { if (type === "abort") this.#listeners.delete(listener); }
      abort(reason) {
        this.aborted = true;
        this.#reason = reason;
        for (const listener of this.#listeners) listener();
      }
    }
    new AbortSignal();
  `);
  interface ForeignSignal extends AbortSignal {
    readonly listeners: number;
    abort(reason: unknown): void;
  }
  const foreignSignal = () => script.runInNewContext() as ForeignSignal;

  test("ends a wait, with its reason", async () => {
    const signal = foreignSignal();
    expect(signal).not.toBeInstanceOf(AbortSignal);
    const driven = new Driven();
    const wait = driven.channel.wait({ signal });
    expect([await state(wait), signal.listeners]).toEqual(["waiting", 1]);
    const reason = vm.runInNewContext("new Error('enough')");
    signal.abort(reason);
    await expect(wait).rejects.toBe(reason);
    expect(signal.listeners).toBe(0);
    await expect(driven.channel.wait({ signal })).rejects.toBe(reason);
  });

  test("ends an iterator", async () => {
    const signal = foreignSignal();
    const driven = new Driven();
    const iterator = driven.channel.events({ signal });
    const next = iterator.next();
    driven.come(1);
    expect(await next).toEqual({ value: undefined, done: false });
    const last = iterator.next();
    expect(await state(last)).toBe("waiting");
    signal.abort("over");
    await expect(last).rejects.toBe("over");
    expect(await iterator.next()).toEqual({ value: undefined, done: true });
  });

  test("has no listener left when an event comes first", async () => {
    const signal = foreignSignal();
    const driven = new Driven();
    const wait = driven.channel.wait({ signal });
    driven.come(1);
    expect(await state(wait)).toBe("done");
    expect(signal.listeners).toBe(0);
  });

  test("must be a signal: a controller, for example, is refused", async () => {
    const { channel } = new Driven();
    for (const signal of [new AbortController(), { aborted: false }, new EventTarget(), 5, null, () => {}]) {
      await expect(channel.wait({ signal: signal as AbortSignal })).rejects.toThrow(
        "Cannot wait as `signal` must be an AbortSignal: current value is",
      );
      expect(() => channel.events({ signal: signal as AbortSignal })).toThrow(TypeError);
    }
  });
});
