import { describe, expect, test, vi } from "vitest";
import { denoDomain } from "../../backends/deno.ts";
import type { EventFile } from "../../src/contract/backend.ts";
import { Errno } from "../../src/contract/errno.ts";
import { eventsConformance } from "../conformance/mod.ts";
import { grantError } from "../support/grant_error.ts";
import { runProgram } from "../support/shim/program.ts";
import { useShim } from "../support/shim/use_shim.ts";

const used = useShim();
const backend = () => denoDomain({ libc: used.libc }).events;

describe("conformance", () => {
  eventsConformance({
    test,
    open: () => ({ domain: { events: backend() }, domid: 0, peer: { events: backend() }, peerDomid: 0, close() {} }),
  });
});

/** Waits until something is pending. */
function pending(file: EventFile): Promise<void> {
  return new Promise((resolve) => void file.whenPending(resolve));
}

/** Both ends of an event channel, with nothing pending. */
function channel(file = backend().open(), other = file) {
  const port = file.bindUnbound(0);
  const otherPort = other.bindInterdomain(0, port);
  expect(other.pending()).toEqual([otherPort]);
  other.unmask(otherPort);
  return { file, port, other, otherPort };
}

/** Waits long enough for an event that should not come. */
function aWhile(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 30));
}

describe("open()", () => {
  test("opens the device of its name", () => {
    expect(backend().name).toBe("/dev/xen/evtchn");
    backend().open().close();
  });

  test.each([["ENOENT", "no-device", "modprobe xen_evtchn"], ["EACCES", "permission", "Run as root"]] as const)(
    "throws when the kernel answers %s",
    (errno, code, text) => {
      used.shim.fail("open", Errno[errno]);
      const error = grantError(() => backend().open());
      expect(error).toMatchObject({ code, operation: "open", errno: Errno[errno] });
      expect(error.message).toContain(text);
    },
  );
});

describe("pending()", () => {
  test("returns nothing when nothing has come, without waiting", () => {
    const { file } = channel();
    expect(file.pending()).toEqual([]);
    file.close();
  });

  test("returns a port once until it is unmasked, however many events come", () => {
    const { file, port, otherPort } = channel();
    for (let i = 0; i < 3; i++) file.notify(port);
    expect(file.pending()).toEqual([otherPort]);
    file.notify(port);
    file.notify(port);
    expect(file.pending()).toEqual([]);
    file.unmask(otherPort);
    expect(file.pending()).toEqual([otherPort]);
    file.unmask(otherPort);
    expect(file.pending()).toEqual([]);
    file.close();
  });

  test("returns only the ports of its own file", () => {
    const { file, port, other, otherPort } = channel(backend().open(), backend().open());
    file.notify(port);
    other.notify(otherPort);
    expect(file.pending()).toEqual([port]);
    expect(other.pending()).toEqual([otherPort]);
    file.close();
    other.close();
  });

  test("returns hundreds of ports at once", () => {
    const file = backend().open();
    const ports = Array.from({ length: 400 }, () => file.bindInterdomain(0, file.bindUnbound(0)));
    expect(file.pending()).toEqual(ports);
    expect(file.pending()).toEqual([]);
    file.close();
  });

  test("throws when the kernel had no room for events", () => {
    const { file } = channel();
    used.shim.fail("read", Errno.EFBIG);
    const error = grantError(() => file.pending());
    expect(error).toMatchObject({ code: "events-lost", operation: "wait", errno: Errno.EFBIG });
    expect(error.message).toContain("Call `reset()`");
    file.close();
  });
});

describe("bind", () => {
  test.each<[string, (file: EventFile) => number, keyof typeof Errno, string]>([
    ["a port that is not there", (file) => file.bindInterdomain(0, 900), "EINVAL", "port 900 of domain 0"],
    ["a domain that is not there", (file) => file.bindInterdomain(7, 8), "ESRCH", "port 8 of domain 7"],
    ["a port that is for another domain", (file) => file.bindInterdomain(0, file.bindUnbound(3)), "EINVAL", "domain 0"],
    ["a VIRQ that Xen does not have", (file) => file.bindVirq(24), "EINVAL", "VIRQ 24"],
    ["a VIRQ that is bound", (file) => (file.bindVirq(3), file.bindVirq(3)), "EEXIST", "already bound"],
  ])("throws when given %s", (_what, bind, errno, text) => {
    const file = backend().open();
    const error = grantError(() => bind(file));
    expect(error).toMatchObject({ code: "port-refused", operation: "bind", errno: Errno[errno] });
    expect(error.message).toContain(text);
    file.close();
  });

  test("throws when no port is free", () => {
    const file = backend().open();
    const error = grantError(() => {
      for (;;) file.bindUnbound(1);
    });
    expect(error).toMatchObject({ code: "port-refused", operation: "bind", errno: Errno.ENOSPC });
    expect(error.message).toContain("max_event_channels");
    file.close();
  });

  test("a VIRQ comes as an event", () => {
    const file = backend().open();
    const port = file.bindVirq(2);
    used.shim.raise(port);
    expect(file.pending()).toEqual([port]);
    file.close();
  });
});

describe("notify() and unbind()", () => {
  test("throw when the port belongs to another file, or is unbound", () => {
    const [first, second] = [backend().open(), backend().open()];
    const port = first.bindUnbound(0);
    for (const operation of ["notify", "unbind"] as const) {
      expect(grantError(() => second[operation](port))).toMatchObject({
        code: "port-refused",
        operation,
        errno: Errno.ENOTCONN,
      });
    }
    first.notify(port); // to nobody
    first.unbind(port);
    expect(grantError(() => first.notify(port))).toMatchObject({ code: "port-refused", operation: "notify" });
    first.close();
    second.close();
  });

  test("unbind() discards the events of its port, so that they do not come on a new port of that number", () => {
    const file = backend().open();
    const { port, otherPort } = channel(file);
    file.notify(port);
    file.unbind(otherPort);
    expect(file.bindUnbound(0)).toBe(otherPort);
    expect(file.pending()).toEqual([]);
    file.close();
  });

  test("unbind() keeps events of other ports, and ends a wait for them", async () => {
    const file = backend().open();
    const { port, otherPort } = channel(file);
    const virq = file.bindVirq(20);
    file.notify(port);
    const waiting = pending(file);
    file.unbind(virq);
    await waiting;
    expect(file.pending()).toEqual([otherPort]);

    file.notify(otherPort);
    const more = file.bindVirq(20);
    file.unbind(more);
    await pending(file);
    expect(file.pending()).toEqual([port]);
    file.close();
  });

  test("unbind() discards events that an earlier unbind() took out of the ring", () => {
    const file = backend().open();
    const { port, otherPort } = channel(file);
    const virq = file.bindVirq(20);
    file.notify(port);
    file.unbind(virq);
    file.unbind(otherPort);
    expect(file.bindVirq(20)).toBe(otherPort);
    expect(file.bindUnbound(0)).toBe(virq);
    expect(file.pending()).toEqual([]);
    file.close();
  });

  test("unbind() ends a wait, and the next wait is for new events", async () => {
    const file = backend().open();
    const { port, otherPort } = channel(file);
    const virq = file.bindVirq(20);
    file.notify(port);
    const waiting = pending(file);
    file.unbind(virq);
    await waiting;
    expect(file.pending()).toEqual([otherPort]);
    file.unmask(otherPort);
    const next = pending(file);
    file.notify(port);
    await next;
    expect(file.pending()).toEqual([otherPort]);
    file.close();
  });
});

describe("whenPending()", () => {
  test("calls back once, after an event has come, and does not block the event loop", async () => {
    const { file, port, otherPort } = channel();
    let calls = 0;
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    file.whenPending(() => calls++);
    while (ticks < 5) await aWhile(); // for ever, if the loop were blocked
    clearInterval(timer);
    expect(calls).toBe(0);
    file.notify(port);
    expect(calls).toBe(0);
    await vi.waitFor(() => expect(calls).toBe(1));
    expect(file.pending()).toEqual([otherPort]);
    file.unmask(otherPort);
    file.notify(port);
    await aWhile();
    expect(calls).toBe(1);
    file.close();
  });

  test("calls back after it returns when an event came before", async () => {
    const { file, port } = channel();
    file.notify(port);
    let returned = false;
    await new Promise<void>((resolve) => {
      file.whenPending(() => {
        expect(returned).toBe(true);
        resolve();
      });
      returned = true;
    });
    file.close();
  });

  test("does not call back when it is stopped, even if an event has come", async () => {
    const { file, port, otherPort } = channel();
    let calls = 0;
    const stop = file.whenPending(() => calls++);
    file.notify(port);
    stop();
    stop();
    await aWhile();
    expect(calls).toBe(0);
    const again = pending(file);
    stop(); // not the one that waits now
    await again;
    expect(file.pending()).toEqual([otherPort]);
    file.close();
  });

  test("can be called from its callback, a thousand times", async () => {
    const { file, port, otherPort } = channel();
    let events = 0;
    await new Promise<void>((resolve) => {
      const next = () => {
        expect(file.pending()).toEqual([otherPort]);
        if (++events === 1000) return resolve();
        file.unmask(otherPort);
        file.whenPending(next);
        file.notify(port);
      };
      file.whenPending(next);
      file.notify(port);
    });
    file.close();
  });

  test("waits for many files at once, and calls back for each file's own events", async () => {
    const channels = Array.from({ length: 7 }, () => channel(backend().open(), backend().open()));
    const called: number[] = [];
    for (const [at, { other }] of channels.entries()) other.whenPending(() => called.push(at));
    await aWhile();
    for (const at of [5, 1, 6]) {
      channels[at]!.file.notify(channels[at]!.port);
      await vi.waitFor(() => expect(called).toContain(at));
    }
    expect(called).toEqual([5, 1, 6]);
    for (const { file, port } of channels) file.notify(port);
    await vi.waitFor(() => expect(called.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6]));
    for (const { file, other } of channels) {
      file.close();
      other.close();
    }
  });

  test("takes the events of all files that wait from the kernel at once", async () => {
    const channels = Array.from({ length: 7 }, () => channel(backend().open(), backend().open()));
    for (const { file, port } of channels) file.notify(port);
    let turn = 0;
    const turns: number[] = [];
    // The first wait may see one file only, as the others wait a little later. The second one sees all others.
    for (const { other } of channels) {
      other.whenPending(() => {
        turns.push(turn);
        queueMicrotask(() => turn++);
      });
    }
    await vi.waitFor(() => expect(turns).toHaveLength(7));
    expect(new Set(turns).size).toBeLessThanOrEqual(2);
    for (const { file, other } of channels) {
      file.close();
      other.close();
    }
  });

  test("waits for a file while a wait for another file is under way", async () => {
    const { file: quiet } = channel();
    const stop = quiet.whenPending(() => expect.fail("nothing came"));
    await aWhile();
    const { file, port } = channel();
    const waiting = pending(file);
    file.notify(port);
    await waiting;
    stop();
    file.close();
    quiet.close();
  });

  test("allows a callback to stop another wait, and to close its file", async () => {
    const [first, second] = [channel(), channel()];
    const called: string[] = [];
    const stops = {
      first: first.file.whenPending(() => {
        called.push("first");
        stops.second();
        first.file.close();
      }),
      second: second.file.whenPending(() => {
        called.push("second");
        stops.first();
        first.file.close();
      }),
    };
    first.file.notify(first.port);
    second.file.notify(second.port);
    await vi.waitFor(() => expect(called).not.toEqual([]));
    await aWhile();
    expect(called).toHaveLength(1); // whichever came first
    second.file.close();
  });

  test("does not call back for events of a closed file whose descriptor is reused", async () => {
    const closed = channel();
    closed.file.whenPending(() => expect.fail("the file is closed"));
    closed.file.notify(closed.port);
    closed.file.close();
    const { file, port, otherPort } = channel();
    let calls = 0;
    file.whenPending(() => calls++);
    await aWhile();
    file.notify(port);
    await vi.waitFor(() => expect(calls).toBe(1));
    expect(file.pending()).toEqual([otherPort]);
    file.close();
  });

  test("throws when a wait is under way, which goes on", async () => {
    const { file, port } = channel();
    const waiting = pending(file);
    expect(grantError(() => file.whenPending(() => expect.fail("it was refused")))).toMatchObject({
      operation: "wait",
      errno: Errno.EEXIST,
    });
    file.notify(port);
    await waiting;
    file.close();
  });

  test("throws when the kernel refuses, and does not wait", async () => {
    const { file, port } = channel();
    used.shim.fail("epoll_ctl", Errno.ENOMEM);
    let calls = 0;
    expect(grantError(() => file.whenPending(() => calls++))).toMatchObject({
      code: "no-memory",
      operation: "wait",
      errno: Errno.ENOMEM,
    });
    file.notify(port);
    await aWhile();
    expect(calls).toBe(0);
    await pending(file);
    file.close();
  });
});

describe("a program", () => {
  test.each<[way: string, lines: string[], code?: number]>([
    ["nobody waits", ["waiting"]],
    ["an event comes", ["waiting", "event 8"]],
    ["the waiting stops", ["waiting"]],
    ["the waiting stops at once", ["waiting"]],
    ["the file is closed", ["waiting"]],
    ["exit while waiting", ["waiting"]],
    ["exit at once", []],
    ["an error while waiting", ["waiting"], 1],
    ["a worker waits", ["waiting", "waiting", "event 10"]],
    ["a worker is terminated while it waits", ["waiting", "terminated"]],
    ["exit while a worker waits", ["waiting"]],
  ])("ends when %s", async (way, lines, code = 0) => {
    // A program that hangs is killed, so its exit code is not 0.
    const signal = AbortSignal.timeout(20_000);
    const ended = await runProgram("waiting.ts", ["-A"], [used.libc, way], { signal });
    if (code === 0) expect(ended.stderr).toBe("");
    expect([ended.code, ended.signal, ended.stdout]).toEqual([code, null, lines.map((line) => `${line}\n`).join("")]);
  }, 30_000);
});
