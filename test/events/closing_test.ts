/** Event channels that are closed in the middle of a call. */
import { expect, test } from "vitest";
import type { EventFile } from "../../src/contract/backend.ts";
import { EventChannels } from "../../mod.ts";

test("a channel is not unbound through a file that a backend's `stop()` has closed", async () => {
  const calls: string[] = [];
  const file: EventFile = {
    bindUnbound: () => 5,
    bindInterdomain: () => 6,
    bindVirq: () => 7,
    notify() {},
    pending: () => [],
    unmask() {},
    whenPending: () => () => {
      calls.push("stop");
      events.close();
    },
    reset() {},
    unbind: (port) => void calls.push(`unbind ${port}`),
    close: () => void calls.push("close"),
  };
  const events: EventChannels = new EventChannels({ events: { name: "closing", open: () => file } });
  const channel = events.bindUnbound(0);
  const wait = channel.wait();
  channel.unbind();
  await expect(wait).rejects.toMatchObject({ code: "closed" });
  expect(calls).toEqual(["stop", "close"]);
  expect([channel.closed, events.closed]).toEqual([true, true]);
});
