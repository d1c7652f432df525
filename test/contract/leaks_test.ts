/** Warnings of handles that were dropped without being closed. */
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, type Mock, test, vi } from "vitest";
import { Faults } from "../../backends/faults.ts";
import type { XenDomain } from "../../src/contract/backend.ts";
import { linuxDomain } from "../../backends/linux/domain.ts";
import { MockXen } from "../../backends/mock.ts";
import { Recorder } from "../../backends/record.ts";
import { EventChannels, GrantDevice, GrantMapper } from "../../mod.ts";
import { nextTurn } from "../../src/contract/event_loop.ts";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { framesOf, placeOfCaller, watchForLeak } from "../../src/contract/leaks.ts";
import { FakeLibc } from "../support/fake_libc.ts";
import { collectGarbage, collectUntil, drop } from "../support/garbage.ts";
import { message } from "../support/store_messages.ts";

let warn: Mock<typeof console.warn>;
beforeEach(() => {
  warn = vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  warn.mockRestore();
});

/** The warnings of a kind, which its first words name. */
const warnings = (kind: string) => warn.mock.calls.map(([text]) => String(text)).filter((text) => text.includes(kind));

let sentinels = 0;
/** Drops a handle that certainly is reported, and waits for its warning: others that were dropped before are gone. */
async function collectAll(): Promise<void> {
  const kind = `sentinel ${++sentinels}`;
  await drop(() => watchForLeak({}, kind, () => `${kind}.`));
  await collectUntil(() => warnings(`${kind}.`).length > 0);
  await collectGarbage();
}

let domains = 0;
/** A domain with devices of its own, because only the first leak of a device is reported. */
function linux(warnOfLeaks?: boolean) {
  const libc = new FakeLibc();
  const number = ++domains;
  const paths = {
    gntalloc: `/dev/${number}/gntalloc`,
    gntdev: `/dev/${number}/gntdev`,
    evtchn: `/dev/${number}/evtchn`,
    xenstored: `/dev/${number}/socket`,
  };
  return { libc, ...paths, domain: linuxDomain(libc, { ...paths, warnOfLeaks }, false) };
}

describe("a file of a Linux device that is dropped", () => {
  test("is reported with its pages, where it was opened and what to do", async () => {
    const { libc, domain, gntalloc } = linux();
    await drop(() => {
      const allocator = new GrantDevice(domain).open();
      allocator.allocate(0, { pages: 3 });
      allocator.share(0).release();
    });
    await collectUntil(() => warnings(gntalloc).length > 0);
    const [text] = warnings(gntalloc);
    expect(text).toContain(`gntalloc: A file of ${gntalloc}, opened at `);
    expect(text).toMatch(/leaks_test\.ts:\d+:\d+/);
    expect(text).toContain(
      "was dropped without being closed. It stays open with 3 pages granted until the program ends.",
    );
    expect(text).toContain("Keep the GrantDevice, and close it or declare it with `using`.");
    expect(text).toContain("`warnOfLeaks: false`");
    expect(text).not.toContain("\n");
    // Nothing is closed: a peer may use the pages.
    expect(libc.openFiles).toBe(1);
  });

  test("is reported with its mappings", async () => {
    const { domain, gntdev } = linux();
    await drop(() => {
      const mapper = new GrantMapper(domain);
      mapper.map(1, [5]);
      mapper.map(1, [6]).unmap();
      // A closed mapper keeps its file as long as a mapping needs it.
      mapper.close();
    });
    await collectUntil(() => warnings(gntdev).length > 0);
    expect(warnings(gntdev)[0]).toContain("It stays open with 1 mapping mapped until");
  });

  test("is reported with its ports", async () => {
    const { domain, evtchn } = linux();
    await drop(() => {
      const events = new EventChannels(domain);
      for (let port = 0; port < 3; port++) events.bindUnbound(0);
      events.bindUnbound(0).unbind();
    });
    await collectUntil(() => warnings(evtchn).length > 0);
    expect(warnings(evtchn)[0]).toContain("It stays open with 3 ports bound until");
  });

  test.each(["xenbus", "xenstored", "the environment"] as const)("is reported if it is XenStore's: %s", async (way) => {
    const libc = new FakeLibc();
    const path = `/dev/${++domains}/${way}`;
    if (way === "the environment") libc.variables.XENSTORED_PATH = path;
    const { store } = linuxDomain(libc, way === "the environment" ? {} : { [way]: path }, false);
    await drop(() => {
      // The daemon has gone away, but not before a watch was made.
      const connection = store.open();
      connection.send(message(StoreMessage.WATCH, "ab\0cdef\0"));
      connection.send(message(StoreMessage.WATCH, "ab\0ghij\0"));
      connection.send(message(StoreMessage.UNWATCH, "ab\0cdef\0"));
    });
    await collectUntil(() => warnings(path).length > 0);
    const [text] = warnings(path);
    expect(text).toContain(`gntalloc: A file of ${path}, opened at `);
    expect(text).toMatch(/leaks_test\.ts:\d+:\d+/);
    expect(text).toContain(
      `It stays open ${way === "xenbus" ? "with 1 watch open " : ""}until the program ends. Keep the XenStore,`,
    );
    expect(libc.openFiles).toBe(1);
  });

  test("is reported if it is XenStore's, with the place in the program that has opened it", async () => {
    const path = `/dev/${++domains}/socket`;
    const libc = new FakeLibc();
    libc.variables.XENSTORED_PATH = path;
    const { store } = linuxDomain(libc, {}, false);
    libc.xenstore = [message(StoreMessage.READ, "7", 1)];
    // The answer may be there before the library looks for it, or only when it waits.
    libc.whenReadable = (_fd, callback) => {
      nextTurn(callback);
      return () => {};
    };
    await drop(async () => {
      const opened = await XenStore.open({ store });
      expect(opened.closed).toBe(false);
    });
    await collectUntil(() => warnings(path).length > 0);
    expect(warnings(path)[0]).toMatch(/opened at .*leaks_test\.ts:\d+:\d+/);
  });

  test("is reported through recorders and faults, and without anything in it", async () => {
    const { domain, gntdev } = linux();
    await drop(() => {
      const mapper = new GrantMapper(new Recorder(() => {}).wrap(new Faults().wrap(domain)));
      mapper.map(1, [5]).unmap();
    });
    await collectUntil(() => warnings(gntdev).length > 0);
    expect(warnings(gntdev)[0]).toContain("It stays open until the program ends.");
  });

  test("is reported once for each device", async () => {
    const { domain, gntalloc } = linux();
    await drop(() => {
      for (let files = 0; files < 5; files++) new GrantDevice(domain).open().allocate(0);
    });
    await collectUntil(() => warnings(gntalloc).length > 0);
    await collectAll();
    expect(warnings(gntalloc).length).toBe(1);
  });

  test("is not reported if it was closed, if a handle of it is left, or if that is turned off", async () => {
    const { domain, gntalloc, gntdev, evtchn, xenstored } = linux();
    const off = linux(false);
    const kept: object[] = [];
    await drop(() => {
      using device = new GrantDevice(domain);
      device.open().allocate(0, { pages: 2 });
      using events = new EventChannels(domain);
      events.bindUnbound(0);
      using mapper = new GrantMapper(domain);
      mapper.map(1, [5]).unmap();
      kept.push(
        new GrantDevice(domain).open().allocate(0),
        new GrantDevice(domain).open().allocate(0).map(),
        new GrantDevice(domain).open().share(0),
        new GrantMapper(domain).map(1, [5]),
        new EventChannels(domain).bindUnbound(0),
      );
      new GrantDevice(off.domain).open().allocate(0);
      new GrantMapper(off.domain).map(1, [5]);
      new EventChannels(off.domain).bindUnbound(0);
      domain.store.open().close();
      kept.push(domain.store.open());
      off.domain.store.open();
    });
    await collectAll();
    for (const path of [gntalloc, gntdev, evtchn, xenstored, off.gntalloc, off.gntdev, off.evtchn, off.xenstored]) {
      expect(warnings(path)).toEqual([]);
    }
    expect(kept.length).toBe(6);
  });
});

describe("a mapping that is dropped", () => {
  // Before the first warning of this kind, after which no other is given.
  test("is not reported if the system has ended it with its process or domain", async () => {
    const xen = new MockXen();
    const wrapped = (domain: XenDomain) => new Recorder(() => {}).wrap(new Faults().wrap(domain));
    const share = (domain: XenDomain) => new GrantDevice(domain, { trackAllocations: true }).open().allocate(3);
    const program = xen.domain(1).process();
    const pages = [program, wrapped(program), xen.domain(2), wrapped(xen.domain(2))].map(share);
    await drop(() => {
      for (const each of pages) each.map();
      program.kill();
      xen.domain(2).destroy();
    });
    await collectAll();
    expect(warnings("A mapping")).toEqual([]);
  });

  test("is reported, once, if allocations are tracked and it was not unmapped", async () => {
    const xen = new MockXen();
    const untracked = new GrantDevice(xen.domain(1)).open().allocate(0);
    const tracked = new GrantDevice(xen.domain(1), { trackAllocations: true }).open();
    const pages = tracked.allocate(3, { pages: 2 });
    const kept = pages.map();
    await drop(() => {
      untracked.map();
      pages.map().unmap();
      tracked.share(4).release();
    });
    await collectAll();
    expect(warnings("A mapping")).toEqual([]);
    await drop(() => {
      pages.map();
      pages.map();
    });
    await collectUntil(() => warnings("A mapping").length > 0);
    await collectAll();
    const [text, ...others] = warnings("A mapping");
    expect(others).toEqual([]);
    expect(text).toContain("A mapping of 2 pages shared with domain 3, allocated at ");
    expect(text).toMatch(/leaks_test\.ts:\d+:\d+/);
    expect(text).toContain("was dropped without being unmapped.");
    expect(pages.map().unmapped).toBe(false);
    kept.unmap();
  });
});

describe("the place in a warning", () => {
  const { prepareStackTrace } = Error;
  afterEach(() => {
    Error.prepareStackTrace = prepareStackTrace;
  });

  test("is where the library was called, and is not known in a bundle, where all files are one", async () => {
    expect(placeOfCaller()).toMatch(/leaks_test\.ts:\d+:\d+/);
    const folder = await mkdtemp(join(tmpdir(), "gntalloc-"));
    try {
      const bundle = join(folder, "bundle.ts");
      await copyFile(new URL("../../src/contract/leaks.ts", import.meta.url), bundle);
      const { placeOfCaller } = await import(/* @vite-ignore */ pathToFileURL(bundle).href);
      expect(placeOfCaller()).toBe(undefined);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test.for<[string, typeof Error.prepareStackTrace]>([
    ["are no text", (_, frames) => frames],
    ["cannot be written", () => {
      throw new Error("planned");
    }],
  ])("is not known if stack traces %s, and nothing fails", async ([, prepare]) => {
    const { libc, domain, gntalloc, evtchn } = linux();
    await drop(() => {
      Error.prepareStackTrace = prepare;
      new EventChannels(domain).bindUnbound(0);
      using device = new GrantDevice(domain, { trackAllocations: true });
      device.open().share(0).release();
      new GrantDevice(domain).open().allocate(0);
      Error.prepareStackTrace = prepareStackTrace;
    });
    expect(libc.openFiles).toBe(2);
    for (const path of [gntalloc, evtchn]) {
      await collectUntil(() => warnings(path).length > 0);
      expect(warnings(path)[0]).toContain(`A file of ${path} was dropped`);
    }
  });

  test("is read only from a text", () => {
    expect(framesOf({ stack: "Error: x\n    at a.ts:1:2\nno frame\nf@b.ts:3:4" })).toEqual([
      "    at a.ts:1:2",
      "f@b.ts:3:4",
    ]);
    for (const stack of [undefined, [], { split: 1 }]) expect(framesOf({ stack })).toEqual([]);
  });
});

test("a warning that cannot be made is no error", async () => {
  const asked: string[] = [];
  warn.mockImplementation((text) => {
    if (String(text).includes("kind b")) throw new Error("planned");
  });
  await drop(() => {
    watchForLeak({}, "a", () => {
      asked.push("a");
      throw new Error("planned");
    });
    watchForLeak({}, "b", () => {
      asked.push("b");
      return "kind b.";
    });
  });
  await collectUntil(() => asked.length === 2);
  await collectAll();
});
