/** Runs in dom0 without domUs: dom0 grants pages to itself, and maps its own grants. */

import { PAGE_SIZE } from "../../../src/contract/backend.ts";
import { denoDomain } from "../../../backends/deno.ts";
import { GrantDevice, GrantMapper } from "../../../mod.ts";
import { assert, assertEquals, assertRefused } from "../../conformance/asserts.ts";
import { eventsConformance, grantsConformance, mapsConformance } from "../../conformance/mod.ts";
import type { Batch } from "../../differential/batch.ts";
import { kill, RUN, spawn } from "./child.ts";
import { askedFor, declareAsked, declareFixed } from "./differential.ts";
import { declare as declareExits } from "./exits.ts";
import { declare as declareHeavy } from "./heavy.ts";
import { assertNothingGranted, assertParameter, LIMIT, setLimit } from "./limit.ts";
import { eventFacts } from "./machine.ts";
import { declare as declareOrder } from "./order.ts";
import { run, type Suite } from "./runner.ts";
import { untilRefused } from "./until.ts";

export function declare(suite: Suite, asked: Batch): void {
  const { test } = suite;

  test("this is a Xen domain, and the driver's limit is 1024 pages", () => {
    assertEquals(Deno.readTextFileSync("/sys/hypervisor/type").trim(), "xen");
    assertEquals(Deno.readTextFileSync(LIMIT).trim(), "1024");
  });

  test("the driver's limit takes negative numbers, or numbers up to 2³² - 1, as on this machine", assertParameter);

  const open = () => ({
    granter: denoDomain(),
    granterDomid: 0,
    peer: denoDomain(),
    peerDomid: 0,
    joinsPages: true,
    setLimit,
    heldPagesCount: false,
    close: assertNothingGranted,
  });
  grantsConformance({ test, open });
  mapsConformance({ test, open });
  eventsConformance({
    test,
    open: () => ({
      domain: denoDomain(),
      domid: 0,
      // No XenStore runs here. The run `domu` asks it.
      knowsDomains: false,
      peer: denoDomain(),
      peerDomid: 0,
      ...eventFacts(),
      close() {},
    }),
  });

  test("opening a device that does not exist throws an error with the way out", () => {
    const device = new GrantDevice(denoDomain({ gntalloc: "/dev/xen/nothing" }));
    const error = assertRefused(() => device.open(), "no-device");
    assert(error.message.includes("modprobe xen_gntalloc"), error.message);
  });

  test("using another device throws an error with the way out", () => {
    const device = new GrantDevice(denoDomain({ gntalloc: "/dev/null" }));
    const error = assertRefused(() => device.open().allocate(0), "unsupported");
    assert(error.message.includes("xen_gntalloc"), error.message);
    device.close();
  });

  test("a user without access to the device gets an error with the way out", async () => {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...RUN, script("denied.ts")],
      uid: 65_534,
      env: { DENO_DIR: Deno.makeTempDirSync(), HOME: "/tmp" },
    }).output();
    assert(success, new TextDecoder().decode(stderr));
  });

  test("a process that is killed gives everything back, and what it shared stays readable", async () => {
    const { pid, said } = await spawn(script("hold.ts"), ["0", "8"]);
    const mapper = new GrantMapper(denoDomain());
    const view = mapper.map(0, said.grefs, { writable: true });
    assertEquals(view.bytes[0], 1);
    await kill(pid);
    // The death of the process fired its notify.
    assertEquals(view.bytes[PAGE_SIZE], 0);
    assertEquals(view.bytes[0], 1);
    assertNothingGranted();
    view.unmap();
    await untilRefused(mapper, 0, said.grefs[0]);
    mapper.close();
  });

  test("two processes share one limit", async () => {
    const { pid } = await spawn(script("hold.ts"), ["0", "1000"]);
    const device = new GrantDevice(denoDomain());
    const allocator = device.open();
    assertRefused(() => allocator.allocate(0, { pages: 25 }), "no-space");
    allocator.allocate(0, { pages: 24 });
    device.close();
    await kill(pid);
    assertNothingGranted();
  });

  test("views are empty after unmap(), and a process that uses them lives", async () => {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...RUN, script("dead_views.ts")],
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    assertEquals(new TextDecoder().decode(stdout).trim(), "alive");
    assertNothingGranted();
  });

  declareExits(suite);
  declareOrder(suite);

  declareFixed(suite);
  declareAsked(suite, asked);

  declareHeavy(suite);

  // The last test, as it harms the driver.
  test("a full grant table throws an error of its own, and leaves nothing behind", () => {
    // The kernel warns of a full table, and a warning would fail the run.
    Deno.writeTextFileSync("/proc/sys/kernel/printk", "4");
    setLimit(Infinity);
    const device = new GrantDevice(denoDomain());
    const allocator = device.open();
    // The table has 32,768 references. Some are reserved, and the kernel uses some.
    const pages = allocator.allocate(0, { pages: 30_000 });
    const error = assertRefused(() => allocator.allocate(0, { pages: 2768 }), "table-full");
    assertEquals(error.errno, 28);
    assertEquals(device.inspect().live, 30_000);
    assertEquals(allocator.allocate(0).page, 30_000);
    pages.free();
    allocator.close();
    // Linux 6.1 counts one page too few after such a refusal. When all pages are freed, its count is below zero, which
    // it takes for a very large number. It grants nothing more until the driver is reloaded.
    for (const [command, argument] of [["rmmod", "xen_gntalloc"], ["insmod", "/modules/xen-gntalloc.ko"]] as const) {
      assert(new Deno.Command(command, { args: [argument] }).outputSync().success, command);
    }
    assertNothingGranted();
    Deno.writeTextFileSync("/proc/sys/kernel/printk", "5");
  });
}

function script(name: string): string {
  return `${import.meta.dirname}/${name}`;
}

if (import.meta.main) await run((suite) => declare(suite, askedFor()));
