/** The ring of a file of event channels of the simulated Xen, which has the size of Linux's. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { EventChannels } from "../../mod.ts";
import { grantError } from "../support/grant_error.ts";

/** A file with ports that talk to each other in pairs; nothing is pending, and nothing is masked. */
function connected(pairs: number) {
  const file = new MockXen().domain(1).events.open();
  const ends = Array.from({ length: pairs }, () => {
    const one = file.bindUnbound(1);
    return { one, other: file.bindInterdomain(1, one) };
  });
  for (const port of file.pending()) file.unmask(port);
  /** Sends events on the first channel without taking them. */
  const flood = (events: number) => {
    const { one, other } = ends[0]!;
    for (let event = 0; event < events; event++) {
      file.notify(one);
      file.unmask(other);
    }
  };
  return { file, ends, flood };
}

describe("the ring of a file", () => {
  test("has room for 64 events, and reports the loss of others until it is reset", () => {
    const { file, ends, flood } = connected(1);
    const { one, other } = ends[0]!;
    flood(64);
    expect(file.pending()).toEqual(Array(64).fill(other));
    file.unmask(other);
    flood(65);
    for (let times = 0; times < 2; times++) {
      expect(grantError(() => file.pending())).toMatchObject({ code: "events-lost", operation: "wait", errno: 27 });
    }
    file.reset();
    expect(file.pending()).toEqual([]);
    file.notify(one);
    expect(file.pending()).toEqual([other]);
  });

  test("has room for one event of each port, however many are bound", () => {
    const { file, ends } = connected(100);
    for (const { one, other } of ends) {
      file.notify(one);
      file.notify(other);
    }
    expect(file.pending().length).toBe(200);
  });

  test("has room for 128 events once more than 64 ports were bound, and keeps it", () => {
    const { file, ends, flood } = connected(33);
    for (const { one, other } of ends.slice(1)) {
      file.unbind(one);
      file.unbind(other);
    }
    flood(128);
    expect(file.pending().length).toBe(128);
    file.unmask(ends[0]!.other);
    flood(129);
    expect(() => file.pending()).toThrow("room for 128 events");
  });

  test("has room for 64 events while 64 ports are bound, and for 128 from the 65th port on", () => {
    const { file, flood } = connected(32);
    flood(65);
    expect(() => file.pending()).toThrow("room for 64 events");
    file.reset();
    file.bindUnbound(1);
    file.unmask(2);
    flood(128);
    expect(file.pending().length).toBe(128);
    flood(129);
    expect(() => file.pending()).toThrow("room for 128 events");
  });

  test("keeps its size while ports come and go", () => {
    const { file, flood } = connected(1);
    for (let times = 0; times < 100; times++) file.unbind(file.bindUnbound(1));
    flood(65);
    expect(() => file.pending()).toThrow("room for 64 events");
  });

  test("counts the ports that its file has forgotten, because their events still come", () => {
    const domain = new MockXen().domain(1);
    const file = domain.events.open();
    for (let ports = 0; ports < 64; ports++) file.bindUnbound(0);
    domain.saveAndRestore();
    expect(grantError(() => file.bindUnbound(0)).errno).toBe(17);
    const one = file.bindUnbound(2);
    const other = file.bindInterdomain(2, one);
    for (let event = 0; event < 129; event++) {
      file.unmask(other);
      file.notify(one);
    }
    expect(() => file.pending()).toThrow("room for 128 events");
  });

  test("leaves a port masked whose event was lost or dropped", () => {
    const { file, ends } = connected(1);
    const { one, other } = ends[0]!;
    file.notify(one);
    file.reset();
    file.notify(one);
    expect(file.pending()).toEqual([]);
    file.unmask(other);
    expect(file.pending()).toEqual([other]);
  });

  test("has a wait end when events were lost before it or in the meantime, and not when they were dropped", async () => {
    const { file, flood } = connected(1);
    let calls = 0;
    flood(65);
    const call = () => void calls++;
    file.whenPending(call);
    await nextTurn();
    expect(calls).toBe(1);
    const stop = file.whenPending(call);
    file.reset();
    await nextTurn();
    expect(calls).toBe(1);
    stop();
  });

  test("does not overflow through `EventChannels`, however little of it is waited for", async () => {
    const xen = new MockXen();
    using ours = new EventChannels(xen.domain(1));
    using theirs = new EventChannels(xen.domain(0));
    const channels = Array.from({ length: 70 }, () => ours.bindUnbound(0));
    const peers = channels.map(({ port }) => theirs.bindInterdomain(1, port));
    for (let round = 0; round < 20; round++) {
      for (const [index, peer] of peers.entries()) {
        for (let event = 0; event < 5; event++) peer.notify();
        if (index % 3 === round % 3) channels[index]!.poll();
      }
    }
    for (const peer of peers) peer.notify();
    for (const channel of channels) await channel.wait();
  });
});
