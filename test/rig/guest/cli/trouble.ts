/** `gntalloc doctor` in dom0, with one thing broken at a time. Its findings must name that thing, and no other. */

import { exec } from "../../../../scripts/exec.ts";
import { assert, assertEquals } from "../../../conformance/asserts.ts";
import type { StartOptions } from "../../../support/running.ts";
import { LIMIT, setLimit } from "../limit.ts";
import type { Suite } from "../runner.ts";
import { checksThat, type Finding, findingOf, findingsIn } from "./findings.ts";
import type { DomuPlace } from "./place.ts";
import { startGntalloc } from "./programs.ts";

/** A user without any rights. */
const NOBODY = 65_534;

/** @param domus The domUs, which end before XenStore does. */
export function declare({ test }: Suite, domus: readonly DomuPlace[]): void {
  test("trouble: a driver is not loaded", async () => {
    await exec("rmmod", ["xen_gntalloc"]);
    const found = await onlyFault("/dev/xen/gntalloc");
    assertEquals(found.says, "no program can share pages: the driver xen_gntalloc is not loaded");
    assertEquals(found.mend, "modprobe xen_gntalloc");
    await exec("insmod", ["/modules/xen-gntalloc.ko"]);
  });

  test("trouble: no right to a device", async () => {
    for (const device of ["gntalloc", "gntdev", "evtchn", "xenbus"]) await Deno.chmod(`/dev/xen/${device}`, 0o666);
    const folder = await Deno.makeTempDir();
    await Deno.chmod(folder, 0o777);
    await Deno.chmod("/dev/xen/gntdev", 0o600);
    const user = { uid: NOBODY, env: { DENO_DIR: folder, HOME: folder } };
    const { says, mend } = await onlyFault("/dev/xen/gntdev", user);
    assertEquals(says, "this user cannot map and copy pages: no right to read and write it");
    assertEquals(mend, "sudo chown root:$(id -gn) /dev/xen/gntdev && sudo chmod 0660 /dev/xen/gntdev");
  });

  test("trouble: the limit is 0", async () => {
    setLimit(0);
    const { says, mend } = await onlyFault("pages to share");
    assertEquals(says, "the limit is 0 pages that all programs can share together");
    assertEquals(mend, `echo 1024 | tee ${LIMIT}`);
    await exec("sh", ["-c", mend!]);
    assertEquals((await Deno.readTextFile(LIMIT)).trim(), "1024");
  });

  test("trouble: no daemon of XenStore", async () => {
    for (const { domu } of domus) await domu.destroy();
    Deno.kill(Number(await Deno.readTextFile("/run/xenstored.pid")), "SIGKILL");
    const device = await onlyFault("XenStore");
    assertEquals(device.says, "the daemon does not answer");
    assertEquals(device.mend, "systemctl restart xenstored");
    const socket = await onlyFault("XenStore", { env: { XENSTORED_RUNDIR: "/run/xenstored" } });
    assert(socket.says.includes("no daemon listens there"), socket.says);
    assertEquals(socket.mend, "systemctl start xenstored");
  });
}

/** Returns the finding of the only check that fails. */
async function onlyFault(check: string, options: StartOptions = {}): Promise<Finding> {
  const findings = findingsIn(await startGntalloc("Deno with -A", ["doctor", "--json"], options).ended);
  assertEquals(checksThat("fail", findings), [check]);
  assertEquals(checksThat("warn", findings), []);
  return findingOf(findings, check);
}
