/** Faults in event channels: each call fails before and after it is done, and no event or port is lost. */
import { describe, expect, test } from "vitest";
import type { EventBackend, EventFile } from "../../src/contract/backend.ts";
import { type FaultKind, Faults, InjectedFault } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { machineState } from "../../backends/mock/xen.ts";
import { parseTrace, Recorder } from "../../backends/record.ts";
import { EventChannels } from "../../mod.ts";
import { boom } from "../support/faulty_machine.ts";
import { grantError } from "../support/grant_error.ts";

/** Two domains: the calls of the first one may fail, and a recorder notes those that reach the machine. */
function faultyEvents() {
  const xen = new MockXen();
  const faults = new Faults();
  const trace: string[] = [];
  const recorder = new Recorder((line) => trace.push(line));
  const domain = faults.wrap(recorder.wrap(xen.domain(1)));
  const backend = domain.events;
  const peer = xen.domain(0).events.open();
  /** The calls that reached the machine. */
  const below = (call: string) => parseTrace(trace).calls.filter((line) => line.call === call).length;
  /** Checks that nothing is left without faults. */
  const finish = () => {
    faults.clear();
    faults.releaseAll();
    peer.close();
    xen.assertClean();
    expect(below("close")).toBe(below("open"));
  };
  return { xen, faults, domain, backend, peer, below, finish };
}

/** A file with a port that the peer has bound to. No event is pending on either. */
function bound() {
  const all = faultyEvents();
  const file = all.backend.open();
  const port = file.bindUnbound(0);
  const peerPort = all.peer.bindInterdomain(1, port);
  for (const pending of all.peer.pending()) all.peer.unmask(pending);
  const finish = () => {
    all.faults.clear();
    file.close();
    all.finish();
  };
  return { ...all, file, port, peerPort, finish };
}

interface Case {
  kind: FaultKind;
  run(at: ReturnType<typeof bound>): unknown;
}

const CASES: Record<string, Case> = {
  bindUnbound: { kind: "bind", run: ({ file }) => file.bindUnbound(0) },
  bindInterdomain: {
    kind: "bind",
    run: ({ file, peer }) => file.bindInterdomain(0, peer.bindUnbound(1)),
  },
  bindVirq: { kind: "bind", run: ({ file }) => file.bindVirq(3) },
  notify: { kind: "notify", run: ({ file, port }) => file.notify(port) },
  pending: { kind: "pending", run: ({ file }) => file.pending() },
  unmask: { kind: "unmask", run: ({ file, port }) => file.unmask(port) },
  reset: { kind: "reset", run: ({ file }) => file.reset() },
  whenPending: { kind: "wait", run: ({ file }) => file.whenPending(() => {})() },
};

describe("a fault in a call of event channels", () => {
  for (const [name, { kind, run }] of Object.entries(CASES)) {
    for (const when of ["before", "after"] as const) {
      test(`${when} \`${name}()\`: the call fails, nothing is left, and the next one succeeds`, () => {
        const at = bound();
        const { faults, below, finish } = at;
        const call = kind === "wait" ? "wait" : name;
        const reached = below(call);
        const rule = faults.fail(kind, { part: "events", when, error: boom });
        expect(() => run(at)).toThrow(boom);
        expect([rule.fired, faults.injected(kind, "events")]).toEqual([1, 1]);
        expect(below(call) - reached).toBe(when === "after" ? 1 : 0);
        run(at);
        expect([rule.fired, faults.injected()]).toEqual([1, 1]);
        finish();
      });
    }
  }

  test("before `open()` or after it: nothing stays open", () => {
    for (const when of ["before", "after"] as const) {
      const { faults, backend, below, finish } = faultyEvents();
      faults.fail("open", { part: "events", when, error: boom });
      expect(() => backend.open()).toThrow(boom);
      expect(below("close")).toBe(when === "after" ? 1 : 0);
      backend.open().close();
      finish();
    }
  });

  test("tells hooks which call it is", () => {
    const { faults, file, peer, port, finish } = bound();
    const calls: object[] = [];
    const theirs = peer.bindUnbound(1);
    for (const kind of ["bind", "notify", "pending", "unmask", "wait", "unbind"] as const) {
      faults.before(kind, (call) => calls.push(call), { part: "events" });
    }
    file.bindUnbound(7);
    const interdomain = file.bindInterdomain(0, theirs);
    file.bindVirq(3);
    file.notify(port);
    file.pending();
    file.unmask(port);
    file.whenPending(() => {})();
    file.unbind(interdomain);
    expect(calls).toMatchObject([
      { kind: "bind", domid: 7, number: 2 },
      { kind: "bind", domid: 0, remotePort: theirs },
      { kind: "bind", virq: 3 },
      { kind: "notify", port },
      { kind: "pending", number: 1 },
      { kind: "unmask", port },
      { kind: "wait" },
      { kind: "unbind", port: interdomain, part: "events" },
    ]);
    finish();
  });

  test("applies to the nth call, as often as it is told", () => {
    const { faults, file, port, finish } = bound();
    faults.fail("notify", { nth: 2, times: 2 });
    file.notify(port);
    for (const number of [2, 3]) {
      expect(() => file.notify(port)).toThrow(`call ${number} of \`notify\` in the part \`events\``);
    }
    file.notify(port);
    expect(() => {
      faults.fail("notify", { error: InjectedFault });
      file.notify(port);
    }).toThrow(InjectedFault);
    finish();
  });

  test("in one part leaves the same kind of call in another part alone", () => {
    const { faults, domain, file, port, finish } = bound();
    const grants = domain.grants.open();
    const grefs = new Uint32Array(1);
    grants.grant(0, 1, 0, true, grefs);
    faults.fail("notify", { part: "grants" });
    file.notify(port);
    expect(() => grants.setUnmapNotify(0, grefs[0]!, {})).toThrow(InjectedFault);
    faults.fail("notify", { part: "events" });
    grants.setUnmapNotify(0, grefs[0]!, {});
    expect(() => file.notify(port)).toThrow(InjectedFault);
    grants.endAccess(0, 1, grefs);
    grants.close();
    finish();
  });
});

describe("`pending()` that fails after it took events", () => {
  const taken = () => {
    const at = bound();
    at.peer.notify(at.peerPort);
    at.faults.fail("pending", { when: "after", error: boom });
    expect(() => at.file.pending()).toThrow(boom);
    return at;
  };

  test("returns them the next time, with others that came meanwhile", () => {
    const { file, port, peer, finish } = taken();
    const other = file.bindUnbound(0);
    const theirs = peer.bindInterdomain(1, other);
    peer.notify(theirs);
    expect(file.pending()).toEqual([port, other]);
    expect(file.pending()).toEqual([]);
    finish();
  });

  test("keeps them if it fails again", () => {
    const { faults, file, port, finish } = taken();
    faults.fail("pending", { when: "after", error: boom, times: 2 });
    for (let time = 0; time < 2; time++) expect(() => file.pending()).toThrow(boom);
    faults.fail("pending", { when: "before", error: boom });
    expect(() => file.pending()).toThrow(boom);
    expect(file.pending()).toEqual([port]);
    finish();
  });

  test("has `whenPending()` call back for them: once, later, and not if it is stopped", async () => {
    const { file, finish } = taken();
    let calls = 0;
    const stop = file.whenPending(() => calls++);
    stop();
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toBe(0);
    file.whenPending(() => calls++);
    expect(calls).toBe(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toBe(1);
    finish();
  });

  test("forgets them when the file is reset", () => {
    const { file, port, peer, peerPort, finish } = taken();
    file.reset();
    expect(file.pending()).toEqual([]);
    file.unmask(port);
    peer.notify(peerPort);
    expect(file.pending()).toEqual([port]);
    finish();
  });

  test("forgets them when the port is unbound", () => {
    const { file, port, finish } = taken();
    file.unbind(port);
    expect(file.pending()).toEqual([]);
    finish();
  });
});

describe("a fault in `unbind()` or `close()`", () => {
  test("after the call: the port is unbound", () => {
    const { xen, faults, file, port, finish } = bound();
    faults.fail("unbind", { error: boom });
    expect(() => file.unbind(port)).toThrow(boom);
    expect(machineState(xen).domain(1).ports.get(port)).toBe(undefined);
    expect(faults.unreleased).toBe(0);
    finish();
  });

  test("before the call: the port stays bound in the inner backend, and its events are dropped", () => {
    const { xen, faults, file, port, peer, peerPort, below, finish } = bound();
    faults.fail("unbind", { when: "before", error: boom });
    expect(() => file.unbind(port)).toThrow(boom);
    expect(faults.unreleased).toBe(1);
    peer.notify(peerPort);
    expect(file.pending()).toEqual([]);
    const other = file.bindUnbound(0);
    expect(other).not.toBe(port);
    file.close();
    expect([faults.unreleased, below("close")]).toEqual([2, 0]);
    faults.releaseAll();
    expect([faults.unreleased, below("close"), below("unbind")]).toEqual([0, 1, 1]);
    expect(machineState(xen).domain(1).ports.get(port)).toBe(undefined);
    file.close = () => {};
    finish();
  });

  test("before `close()`: the file stays open with its ports until `releaseAll()`", () => {
    const { faults, file, finish } = bound();
    faults.fail("close", { part: "events", when: "before", error: boom });
    expect(() => file.close()).toThrow(boom);
    expect(faults.unreleased).toBe(1);
    file.close = () => {};
    finish();
  });
});

describe("an inner backend that breaks its contract", () => {
  const lying = (methods: Partial<EventFile>) => {
    const faults = new Faults();
    const none = () => {
      throw new Error("not called");
    };
    const events: EventBackend = {
      name: "lying",
      open: () => ({
        bindUnbound: none,
        bindInterdomain: none,
        bindVirq: none,
        notify: none,
        pending: none,
        unmask: none,
        whenPending: none,
        reset: none,
        unbind: none,
        close() {},
        ...methods,
      }),
    };
    const file = faults.wrap({ events }).events.open();
    return { faults, file };
  };

  test("is passed on unchanged, for the library to refuse", () => {
    for (const nonsense of [undefined, null, "7", NaN, {}, [[]]]) {
      const { file } = lying({
        bindUnbound: () => nonsense as number,
        pending: () => nonsense as number[],
        whenPending: () => nonsense as () => void,
      });
      expect(file.bindUnbound(0)).toBe(nonsense);
      expect(file.pending()).toBe(nonsense);
      expect(file.whenPending(() => {})).toBe(nonsense);
    }
  });

  test("or fails to undo a call: the caller gets the fault", () => {
    const { faults, file } = lying({
      bindUnbound: () => NaN,
      pending: () => undefined as unknown as number[],
      whenPending: () => undefined as unknown as () => void,
    });
    for (const kind of ["bind", "pending", "wait"] as const) faults.fail(kind, { when: "after", error: boom });
    expect(() => file.bindUnbound(0)).toThrow(boom);
    expect(() => file.pending()).toThrow(boom);
    expect(() => file.whenPending(() => {})).toThrow(boom);
  });
});

describe("`EventChannels` on a backend that fails", () => {
  test("throws with the operation, and works afterwards", async () => {
    const { xen, faults, domain, finish } = faultyEvents();
    const events = new EventChannels(domain);
    const theirs = new EventChannels(xen.domain(0));
    faults.fail("open", { part: "events", error: boom });
    expect(grantError(() => events.bindUnbound(0))).toMatchObject({ operation: "bind", cause: boom });
    faults.fail("bind", { when: "after", error: boom });
    expect(grantError(() => events.bindUnbound(0))).toMatchObject({ operation: "bind", cause: boom });
    const channel = events.bindUnbound(0);
    const other = theirs.bindInterdomain(1, channel.port);

    faults.fail("notify", { part: "events", error: boom });
    expect(grantError(() => channel.notify())).toMatchObject({ operation: "notify", cause: boom });
    other.notify();
    for (const when of ["before", "after"] as const) {
      for (const kind of ["wait", "pending"] as const) {
        faults.fail(kind, { when, error: boom });
        await expect(channel.wait()).rejects.toMatchObject({ operation: "wait", cause: boom });
      }
    }
    await channel.wait();

    other.notify();
    faults.fail("unmask", { error: boom });
    await expect(channel.wait()).rejects.toMatchObject({ operation: "wait", cause: boom });
    await channel.wait();

    faults.fail("unbind", { error: boom });
    expect(grantError(() => channel.unbind())).toMatchObject({ operation: "unbind", cause: boom });
    channel.unbind();
    expect(channel.closed).toBe(true);
    faults.fail("close", { part: "events", error: boom });
    expect(grantError(() => events.close())).toMatchObject({ operation: "close", cause: boom });
    events.close();
    theirs.close();
    finish();
  });
});
