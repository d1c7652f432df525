/** `EventChannels.reset()`, beyond the conformance suite. */
import { describe, expect, test } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { parseTrace, replay } from "../../backends/record.ts";
import { EventChannels, GrantError } from "../../mod.ts";
import { recording } from "../support/recorded.ts";
import { grantError } from "../support/grant_error.ts";
import { Driven, on, state } from "./event_file.ts";

const eventsLost = () => new GrantError("lost", { code: "events-lost", operation: "wait" });

describe("reset()", () => {
  test("continues after `events-lost`, which all waits fail with until then", async () => {
    const driven = new Driven();
    const { channel, events, file } = driven;
    const other = events.bindUnbound(0);
    const works = file.pending;
    file.pending = () => {
      throw eventsLost();
    };
    const waits = [channel.wait(), channel.events().next(), other.wait()].map(state);
    driven.fire!();
    expect(await Promise.all(waits)).toEqual(["events-lost", "events-lost", "events-lost"]);
    const again = channel.wait();
    driven.fire!();
    expect(await state(again)).toBe("events-lost");
    expect(grantError(() => other.poll()).code).toBe("events-lost");

    driven.calls.length = 0;
    file.pending = works;
    events.reset();
    // Both ports, because the library cannot know whose events were lost.
    expect(driven.calls).toEqual(["reset", `unmask ${channel.port}`, `unmask ${other.port}`]);
    expect(await Promise.all([channel.wait(), other.wait()].map(state))).toEqual(["done", "done"]);
    const next = channel.wait();
    driven.come(channel.port);
    expect(await state(next)).toBe("done");
    events.close();
  });

  test("leaves it to the next wait to unmask what could not be unmasked", async () => {
    const driven = new Driven();
    const { channel, events, file } = driven;
    const works = file.unmask;
    file.unmask = () => {
      throw new Error("planned");
    };
    expect(grantError(() => events.reset())).toMatchObject({ code: "backend-failed", operation: "reset" });
    file.unmask = works;
    expect(await state(channel.wait())).toBe("done");
    driven.calls.length = 0;
    const wait = channel.wait();
    expect(driven.calls).toEqual([`unmask ${channel.port}`, "wait"]);
    driven.come(channel.port);
    expect(await state(wait)).toBe("done");
    events.close();
  });

  test("that the backend refuses changes nothing", async () => {
    const driven = new Driven();
    driven.file.reset = () => {
      throw new Error("planned");
    };
    const wait = driven.channel.wait();
    expect(grantError(() => driven.events.reset())).toMatchObject({ code: "backend-failed", operation: "reset" });
    expect(await state(wait)).toBe("waiting");
    driven.come(driven.channel.port);
    await wait;
  });

  test("unmasks no channel that the backend unbinds meanwhile", async () => {
    const calls: string[] = [];
    const events = on({
      // The first event ends the only wait, so this is called in the middle of `reset()`.
      whenPending: () => () => other.unbind(),
      unmask: (port) => void calls.push(`unmask ${port}`),
      unbind: (port) => void calls.push(`unbind ${port}`),
    });
    const [channel, other] = [events.bindUnbound(0), events.bindUnbound(0)];
    const wait = channel.wait();
    events.reset();
    await wait;
    expect(other.closed).toBe(true);
    expect(calls).toEqual([`unbind ${other.port}`, `unmask ${channel.port}`]);
  });

  test("is refused in the middle of a call", () => {
    const driven = new Driven();
    let code: string | undefined;
    driven.file.notify = () => void (code = grantError(() => driven.events.reset()).code);
    driven.channel.notify();
    expect(code).toBe("busy");
  });

  test("is recorded, and replayed", async () => {
    const { trace, recorder } = recording();
    const faults = new Faults();
    const events = new EventChannels(recorder.wrap(faults.wrap(new MockXen().domain(0))));
    const ours = events.bindUnbound(0);
    const theirs = events.bindInterdomain(0, ours.port);
    faults.fail("pending", { error: eventsLost() });
    await expect(theirs.wait()).rejects.toMatchObject({ code: "events-lost" });
    events.reset();
    await theirs.wait();
    ours.notify();
    await theirs.wait();
    events.close();
    const { calls } = parseTrace(trace);
    const reset = calls.findIndex(({ call }) => call === "reset");
    expect(calls.slice(reset, reset + 3).map(({ call }) => call)).toEqual(["reset", "unmask", "unmask"]);
    const again = new Faults();
    again.fail("pending", { error: eventsLost() });
    expect(replay(trace, { domains: [again.wrap(new MockXen().domain(0))] }).difference?.message).toBe(undefined);
  });
});
