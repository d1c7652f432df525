/** Event channels on backends that throw. */
import { describe, expect, test } from "vitest";
import type { EventFile } from "../../src/contract/backend.ts";
import { EventChannels, GrantError } from "../../mod.ts";
import { Driven, on, state } from "./event_file.ts";

describe("a backend", () => {
  test("that opens no file, or throws, fails the first binding", () => {
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

  test("whose `pending` fails fails all waits, and the next wait tries again", async () => {
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

  test("whose `whenPending` fails fails all waits, and leaves nobody waiting", async () => {
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

  test("whose `whenPending` fails the next time fails those who still wait", async () => {
    const driven = new Driven();
    const { channel, events } = driven;
    const states = [channel.wait(), events.bindUnbound(0).wait()].map(state);
    driven.file.whenPending = () => {
      throw new Error("planned");
    };
    driven.come(1);
    expect(await Promise.all(states)).toEqual(["done", "backend-failed"]);
  });

  test("whose `unmask` fails fails that wait alone, and loses no event", async () => {
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

  test("whose `unbind` or `close` fails has unbound and closed nevertheless", async () => {
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
});
