/**
 * Runs in dom0, beside domUs that use a grant of their own: see "A domain that maps its own grant" in
 * docs/semantics.md. Each domU runs `../own_grant/own_grant.c`, then starts processes, and powers off if it can.
 */

import { assert, assertEquals } from "../../conformance/asserts.ts";
import { run, type Suite } from "./runner.ts";
import * as xl from "./xl.ts";
import { pause } from "./until.ts";

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

export function declare({ test }: Suite): void {
  for (const type of ["PVH", "PV"] as const) {
    test(`${type}: copies to and from its own grant, by its domid and by DOMID_SELF`, async () => {
      assertEquals(await surviving(type, "copy"), FROM_COPY);
    });

    test(`${type}: a mapping of its own grant by DOMID_SELF is refused`, async () => {
      assertEquals(await surviving(type, "refused"), REFUSED);
    });
  }

  test("PV: maps its own grant", async () => {
    assertEquals(await surviving("PV", "map"), HARMLESS);
  });

  test("PVH: mapping its own grant takes the page away, and the domain dies when it uses the page again", async () => {
    const { state, console, log } = await boot("PVH", "map");
    // The kernel may die before or after the program ends.
    const said = factsOf(console);
    assertEquals(said, HARMFUL.slice(0, said.length));
    assert(said.length >= 5, console);
    assert(state !== "off" && !console.includes("still alive"), console);
    const death = /^.*(?:general protection fault|\bBUG:|\bOops\b|Kernel panic).*$/m.exec(console);
    assert(death !== null || state === "hangs", console);
    // The host takes the console of a domU that died for a failure.
    await Deno.remove(log);
    return death?.[0].trim() ?? state;
  });

  test("dom0 is well, and a PVH domain still works", async () => {
    assertEquals(await surviving("PVH", "copy"), FROM_COPY);
  });
}

/** Boots a domU that must power off by itself. Returns what it said. */
async function surviving(type: "PV" | "PVH", verb: string): Promise<string[]> {
  const { state, console } = await boot(type, verb);
  assertEquals(state, "off");
  assert(console.includes("still alive"), console);
  return factsOf(console);
}

/** A domU that takes longer hangs. This is shorter than the time limit of a test. */
const LIMIT_SECONDS = 120;

let boots = 0;

/** Boots a domU, waits until it powers off, crashes or seems to hang, and removes it. */
async function boot(type: "PV" | "PVH", verb: string) {
  const name = `${type.toLowerCase()}-${verb}-${++boots}`;
  const log = `/var/log/xen/console/guest-${name}.log`;
  const changes = {
    memory: 256,
    // A kernel that goes on after a fault would never end.
    extra: `console=hvc0 loglevel=5 oops=panic verb=${verb}`,
    on_poweroff: "preserve",
    on_crash: "preserve",
  };
  const domid = await xl.create(name, changes, type === "PV" ? "pv" : "pvh");
  let state: "off" | "crashed" | "hangs" = "hangs";
  for (let second = 0; state === "hangs" && second < LIMIT_SECONDS; second++) {
    await pause(1000);
    const domain = (await xl.list()).find((domain) => domain.domid === domid);
    if (domain?.state.includes("c")) state = "crashed";
    else if (domain?.state.includes("s")) state = "off";
  }
  await xl.destroy(domid);
  const console = (await Deno.readTextFile(log)).replaceAll("\r", "").replaceAll(` ${domid}:`, " DOMID:");
  assert(console.includes(`guest type: ${type}\n`), console);
  return { state, console, log };
}

/** Returns the lines that the program printed. */
function factsOf(console: string): string[] {
  return console.split("\n").filter((line) => /^(?:port|copy|map|after|while|freed)\b/.test(line));
}

if (import.meta.main) await run(declare);
