import { beforeEach, describe, expect, test, vi } from "vitest";
import { Errno } from "../../src/contract/errno.ts";
import { Poller, type PollerCalls } from "../../backends/linux/poller.ts";

/** Calls of a kernel that does as it is told, and logs them. */
class FakeCalls implements PollerCalls<number> {
  log: string[] = [];
  failures: Partial<Record<"epollCreate" | "epollControl" | "epollCheck" | "eventfd" | "memory", number>> = {};
  /** The descriptors in the set. */
  readonly set = new Set<number>();
  ready: number[] = [];
  #events: DataView<ArrayBuffer> | undefined;
  #wait: ((count: number) => void) | undefined;
  readonly #closed = new Set<number>();
  #nextFd = 100;
  readonly eventSize: number;

  constructor(eventSize: number) {
    this.eventSize = eventSize;
  }

  #fails(call: keyof FakeCalls["failures"]): number {
    const errno = this.failures[call] ?? 0;
    delete this.failures[call];
    return -errno;
  }

  epollCreate(): number {
    this.log.push("create");
    return this.#fails("epollCreate") || this.#nextFd++;
  }
  eventfd(): number {
    this.log.push("eventfd");
    return this.#fails("eventfd") || this.#nextFd++;
  }
  epollControl(epoll: number, operation: number, fd: number, event: Uint8Array<ArrayBuffer>): number {
    this.log.push(`${operation === 1 ? "add" : "remove"} ${fd}`);
    const failure = this.#fails("epollControl");
    if (failure < 0) return failure;
    if (this.#closed.has(epoll)) return -Errno.EBADF;
    if (operation === 1) {
      expect(event).toHaveLength(this.eventSize);
      const view = new DataView(event.buffer);
      expect([view.getUint32(0, true), view.getBigUint64(this.eventSize - 8, true)]).toEqual([1, BigInt(fd)]);
      this.set.add(fd);
    } else {
      this.set.delete(fd);
    }
    return 0;
  }
  epollCheck(): number {
    this.log.push("check");
    return this.#fails("epollCheck") || this.#deliver();
  }
  epollWait(): Promise<number> {
    this.log.push("wait");
    return new Promise((resolve) => this.#wait = resolve);
  }
  memory(length: number): { address: number; bytes: ArrayBuffer } | number {
    const bytes = new ArrayBuffer(length);
    this.#events = new DataView(bytes);
    return this.#fails("memory") || { address: 4096, bytes };
  }
  read(fd: number): number {
    this.log.push(`read ${fd}`);
    return 8;
  }
  write(fd: number): number {
    this.log.push(`write ${fd}`);
    return 8;
  }
  close(fd: number): number {
    this.log.push(`close ${fd}`);
    this.#closed.add(fd);
    return 0;
  }

  #deliver(): number {
    const { ready } = this;
    this.ready = [];
    for (const [i, fd] of ready.entries()) {
      this.#events!.setBigUint64((i + 1) * this.eventSize - 8, BigInt(fd), true);
    }
    return ready.length;
  }

  /** Ends the thread's call, with what is ready or with a failure. */
  async finish(failed = false): Promise<void> {
    const wait = this.#wait!;
    this.#wait = undefined;
    wait(failed ? -1 : this.#deliver());
    await settled();
  }

  get threads(): number {
    return this.#wait === undefined ? 0 : 1;
  }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

describe.each([[true, 12], [false, 16]])("Poller with packed %s", (packed, eventSize) => {
  let calls: FakeCalls;
  let poller: Poller<number>;
  beforeEach(() => {
    calls = new FakeCalls(eventSize);
    poller = new Poller(calls, packed);
  });

  /** Waits, and records which descriptors were called back. */
  function waitFor(...fds: number[]) {
    const called: number[] = [];
    const stops = fds.map((fd) => {
      const stop = poller.whenReadable(fd, () => called.push(fd));
      if (typeof stop === "number") throw new Error(`errno ${stop}`);
      return stop;
    });
    return { called, stops };
  }

  test("calls nothing before its first use", () => {
    expect(calls.log).toEqual([]);
  });

  test("waits in one thread for all descriptors, and goes on for those that are left", async () => {
    const { called } = waitFor(5, 6, 7);
    expect(calls.log).toEqual(["create", "eventfd", "add 101", "add 5", "wait", "add 6", "add 7"]);
    calls.ready = [6];
    calls.log = [];
    await calls.finish();
    expect(called).toEqual([6]);
    expect(calls.log).toEqual(["remove 6", "wait"]);
    calls.ready = [5, 7];
    calls.log = [];
    await calls.finish();
    expect(called).toEqual([6, 5, 7]);
    expect(calls.log).toEqual(["remove 5", "remove 7"]);
    expect(calls.threads).toBe(0);
  });

  test("wakes the thread when the last wait is stopped, and not before", async () => {
    const { called, stops } = waitFor(5, 6);
    calls.log = [];
    stops[0]!();
    expect(calls.log).toEqual(["remove 5"]);
    stops[1]!();
    stops[1]!();
    expect(calls.log).toEqual(["remove 5", "remove 6", "write 101"]);
    calls.ready = [101];
    await calls.finish();
    expect(calls.log.at(-1)).toBe("read 101");
    expect([called, calls.threads]).toEqual([[], 0]);
  });

  test("goes on when a new wait begins before the thread is back", async () => {
    waitFor(5).stops[0]!();
    const { called } = waitFor(5);
    calls.ready = [101];
    await calls.finish();
    expect(calls.threads).toBe(1);
    calls.ready = [5];
    await calls.finish();
    expect(called).toEqual([5]);
  });

  test("does not call back when a wait is stopped after the thread saw the event", async () => {
    const { called, stops } = waitFor(5, 6);
    calls.ready = [5, 6];
    const finished = calls.finish();
    stops[0]!();
    await finished;
    expect(called).toEqual([6]);
  });

  test("checks again when a signal ended the call", async () => {
    const { called } = waitFor(5);
    calls.log = [];
    await calls.finish(true);
    expect(calls.log).toEqual(["check", "wait"]);
    calls.ready = [5];
    await calls.finish(true);
    expect(called).toEqual([5]);
  });

  test("calls all back when the set is broken, and makes a new set", async () => {
    const { called } = waitFor(5, 6);
    calls.failures.epollCheck = Errno.EBADF;
    calls.log = [];
    await calls.finish(true);
    expect(called).toEqual([5, 6]);
    expect(calls.log).toEqual(["check", "close 100", "close 101"]);
    expect(calls.threads).toBe(0);
    const again = waitFor(5);
    expect(calls.threads).toBe(1);
    calls.ready = [5];
    await calls.finish();
    expect(again.called).toEqual([5]);
  });

  test("calls the other callbacks when one throws, and reports the error", async () => {
    const microtask = vi.spyOn(globalThis, "queueMicrotask").mockImplementation(() => {});
    poller.whenReadable(5, () => {
      throw new Error("of a callback");
    });
    const { called } = waitFor(6);
    calls.ready = [5, 6];
    await calls.finish();
    expect(called).toEqual([6]);
    expect(microtask.mock.calls[0]![0]).toThrow("of a callback");
    microtask.mockRestore();
  });

  test.each(["memory", "epollCreate", "eventfd", "epollControl"] as const)(
    "returns the errno when %s fails, leaves nothing open, and tries again the next time",
    async (call) => {
      calls.failures[call] = Errno.EMFILE;
      expect(poller.whenReadable(5, () => expect.fail("nobody waits"))).toBe(-Errno.EMFILE);
      const opened = calls.log.filter((line) => line === "create" || line === "eventfd").length;
      const failed = call === "epollCreate" || call === "eventfd" ? 1 : 0;
      expect(calls.log.filter((line) => line.startsWith("close"))).toHaveLength(opened - failed);
      expect(calls.threads).toBe(0);
      const { called } = waitFor(5);
      calls.ready = [5];
      await calls.finish();
      expect(called).toEqual([5]);
    },
  );
});
