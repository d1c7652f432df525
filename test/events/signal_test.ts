/** Signals that end a wait for events. */
import { describe, expect, test, vi } from "vitest";
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
