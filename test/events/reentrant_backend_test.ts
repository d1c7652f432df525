/** Event channels on backends that act in the middle of a call. */
import { describe, expect, test } from "vitest";
import type { EventChannel, EventChannels, GrantError } from "../../mod.ts";
import { Driven, on, state, turn } from "./event_file.ts";

describe("a backend", () => {
  test("that calls the library in the middle of a call gets `busy`, and changes nothing", async () => {
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
});
