/**
 * Runs in dom0, beside a domU of each type: it shares pages with dom0, and uses grants of its own by
 * `../own_grant/own_grant.c`. See "A domain that maps its own grant" in docs/semantics.md.
 */

import { denoDomain } from "../../../backends/deno.ts";
import { GrantDevice, GrantMapper } from "../../../mod.ts";
import { assert, assertEquals } from "../../conformance/asserts.ts";
import type { DomuType, Machine } from "../machines.ts";
import { type Domu, startDomu } from "./domu.ts";
import { assertNothingGranted } from "./limit.ts";
import { machineHere } from "./machine.ts";
import { run, type Suite } from "./runner.ts";
import { declare as declareSharing } from "./sharing.ts";
import { pause } from "./until.ts";
import * as xl from "./xl.ts";

// 32752 (0x7FF0) is DOMID_SELF.
const PORTS = ["port for DOMID: own", "port for another: Invalid argument"];
const FROM_COPY = [
  ...PORTS,
  ...["copy to DOMID: 0", "after the copy, the owner reads: from the copy!", "copy from DOMID: 0, from the copy!"],
  ...["copy to 32752: 0", "after the copy, the owner reads: from the copy!", "copy from 32752: 0, from the copy!"],
  "freed",
];
const REFUSED = [
  ...PORTS,
  ...["map: refused", "after it, the owner reads: from the owner", "after unmapping, the owner reads: from the owner"],
  "freed",
];
const MAPPED = "map: done, the mapper reads: from the owner";
const HARMLESS = [
  ...PORTS,
  ...[MAPPED, "while mapped, the owner reads: from the owner", "after unmapping, the owner reads: from the owner"],
  "freed",
];
const HARMFUL = [
  ...PORTS,
  ...[MAPPED, "while mapped, the owner reads: ones only", "after unmapping, the owner reads: ones only"],
  "freed",
];

export function declare(suite: Suite, { domu }: Machine): void {
  declareIn(suite, domu);
  // Another type beside the first: a domU that died leaves Xen able to start others.
  if (domu === "pvh") declareIn(suite, "pv");

  suite.test("dom0 is well, and alone", async () => {
    using device = new GrantDevice(denoDomain());
    using mapper = new GrantMapper(denoDomain());
    const pages = device.open().allocate(0);
    mapper.map(0, pages.grefs).unmap();
    pages.free();
    assertNothingGranted();
    assertEquals((await xl.list()).map(({ name }) => name), ["Domain-0"]);
  });
}

function declareIn(suite: Suite, type: DomuType): void {
  const title = type.toUpperCase();
  const titled: Suite = { ...suite, test: (name, body) => suite.test(`${title}: ${name}`, body) };
  const { test } = titled;
  let domu: Domu;

  /** Runs the program in the domU. Returns what it says. */
  const said = async (verb: string) => linesOf(await domu.call("shell", { line: `own_grant ${verb}` }), domu.domid);

  test("a domU boots, and knows its type", async () => {
    domu = await startDomu(type, type, { on_crash: "preserve", on_reboot: "preserve" });
    assertEquals(await domu.call("shell", { line: "cat /sys/hypervisor/guest_type" }), title);
    // A kernel that goes on after a fault would never end.
    await domu.call("shell", { line: "echo 1 > /proc/sys/kernel/panic_on_oops" });
  });

  declareSharing(titled, () => domu);

  test("copies to and from its own grant, by its domid and by DOMID_SELF", async () => {
    assertEquals(await said("copy"), FROM_COPY);
  });

  test("a mapping of its own grant by DOMID_SELF is refused", async () => {
    assertEquals(await said("refused"), REFUSED);
  });

  if (type === "pv") {
    test("maps its own grant", async () => {
      assertEquals(await said(`map && ${USE_PAGES}`), HARMLESS);
      await domu.destroy();
    });
    return;
  }

  test("the library refuses to map its own grant", async () => {
    const { handle, grefs } = await domu.call("share", { peer: domu.domid, pages: 1, writable: true });
    assertEquals(await domu.call("mapPeer", { domid: domu.domid, grefs, writable: true }), "own-grant");
    await domu.call("free", { handle });
  });

  test("mapping its own grant takes the page away, and the domain dies when it uses the page again", async () => {
    const log = `/var/log/xen/console/guest-${domu.name}.log`;
    // The domain may die before a command is answered: it begins later, and says on the console what it does.
    const line = `(sleep 1; own_grant map; ${USE_PAGES}; echo ${SURVIVED}) > /dev/hvc0 2>&1 &`;
    await domu.call("shell", { line });
    // A kernel that panics says that it has crashed, or in an HVM domain, that it reboots.
    const isOver = async () => /[cs]/.test((await xl.list()).find(({ domid }) => domid === domu.domid)!.state);
    const limit = Date.now() + LIMIT_SECONDS * 1000;
    let hangs = true;
    while (hangs && Date.now() < limit) {
      await pause(1000);
      hangs = !await isOver();
    }
    await domu.destroy();
    const console = await Deno.readTextFile(log);
    assert(!console.includes(SURVIVED), console);
    const facts = linesOf(console, domu.domid);
    // The kernel may die before or after the program ends.
    assertEquals(facts, HARMFUL.slice(0, facts.length));
    assert(facts.length >= 5, console);
    const death = /^.*(?:general protection fault|\bBUG:|\bOops\b|Kernel panic).*$/m.exec(console);
    assert(death !== null || hangs, console);
    // The host takes the console of a domU that died for a failure.
    await Deno.remove(log);
    return death?.[0].trim() ?? "it hangs";
  });
}

const SURVIVED = "still alive";

/** A domU that takes longer hangs. This is shorter than the time limit of a test. */
const LIMIT_SECONDS = 120;

/** Processes need page tables: the kernel uses pages again that were freed. One that was still mapped is freed by a timer. */
const USE_PAGES = "for second in 1 2 3; do for process in $(seq 20); do busybox ls / > /dev/null; done; sleep 1; done";

/** Returns the lines that the program printed. */
function linesOf(text: string, domid: number): string[] {
  return text.replaceAll("\r", "").replaceAll(` ${domid}:`, " DOMID:").split("\n")
    .filter((line) => /^(?:port|copy|map|after|while|freed)\b/.test(line));
}

if (import.meta.main) await run((suite) => declare(suite, machineHere()));
