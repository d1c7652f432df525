/** `gntalloc share`, `map`, `copy` and `run`, between domains. */

import { denoDomain } from "../../../../backends/deno.ts";
import { GrantMapper } from "../../../../mod.ts";
import type { Ended } from "../../../support/running.ts";
import { assert, assertEquals, assertRefused } from "../../../conformance/asserts.ts";
import type { Suite } from "../runner.ts";
import { assertEnded, assertNoNode, SIGINT, SIGTERM } from "./ends.ts";
import { dom0, type Place, run } from "./place.ts";

/** What `share` says when it holds the pages. */
const HOLDS = "SIGINT or SIGTERM releases them";

export function declare({ test }: Suite, pv: Place, pvh: Place): void {
  test("pages of the PV domU: dom0 finds them by name, maps and copies; SIGTERM releases them", async () => {
    const granter = String(pv.domid);
    const share = "share --to 0 --pages 2 --writable --name ring --fill".split(" ");
    const sharing = await pv.start("Node", ...share, "hello from the domU");
    await sharing.until(HOLDS);

    const mapped = await run(dom0, "Node", "map", granter, "ring", "--length", "32", "--write", "4092=to both pages");
    assertEnded(
      mapped,
      0,
      "00000000  68 65 6c 6c 6f 20 66 72  6f 6d 20 74 68 65 20 64  |hello from the d|\n" +
        "00000010  6f 6d 55 00 00 00 00 00  00 00 00 00 00 00 00 00  |omU.............|\n",
    );
    const piece = ["--offset", "4092", "--length", "13", "--raw"];
    assertEnded(await run(dom0, "Deno", "copy", granter, "ring", ...piece), 0, "to both pages");

    const released = await sharing.kill("SIGTERM");
    assertEnded(released, SIGTERM);
    assert(released.stderr.includes("\nreleased 2 pages"), released.stderr);
    await assertNoNode(`/local/domain/${granter}/data/gntalloc/ring`);
    assertNotGranted(pv.domid, released);
  });

  test("pages of dom0: the PVH domU maps and watches them, and keeps them when dom0 releases them", async () => {
    const to = ["--to", String(pvh.domid), "--name", "ring", "--writable"];
    const sharing = await dom0.start("Node", "share", ...to);
    await sharing.until(HOLDS);
    const watching = await pvh.start("Node", "map", "0", "ring", "--watch", "--length", "32");
    await watching.until("00000000");
    const written = await run(pvh, "Deno", "copy", "0", "ring", "--offset", "17", "--write", "news");
    assertEquals(written.stderr, "copied 4 bytes to domain 0\n");
    await watching.until("00000010  00 6e 65 77 73 00");

    const released = await sharing.kill("SIGTERM");
    assertEnded(released, SIGTERM);
    const kept = `released 1 page; Linux keeps those that domain ${pvh.domid} still maps, and does not say which\n`;
    assert(released.stderr.endsWith(kept), released.stderr);
    assertEnded(await watching.kill("SIGINT"), SIGINT);
  });

  test("the script of docs/two-domains.md, one side in each domU", async () => {
    const page = await Deno.readTextFile(new URL("../../../../docs/two-domains.md", import.meta.url));
    const [, text] = /```text hello\.gnt\n(.+?)```/s.exec(page)!;
    // The page calls the domains 5 and 6.
    const script = text!.replace(/\b[56]\b/g, (number) => String(number === "5" ? pv.domid : pvh.domid));
    const lines = script.trim().split("\n").flatMap((line) => ["--line", line]);
    const granter = await pv.start("Deno", "run", "--side", String(pv.domid), ...lines);
    const peer = await pvh.start("Node", "run", "--side", String(pvh.domid), ...lines);
    const [reads, answered] = [await peer.end(), await granter.end()];
    assertEnded(reads, 0);
    assert(reads.stdout.includes(`  |hello from domai|\n00000010  6e 20 3${pv.domid} 00`), reads.stdout);
    assertEnded(answered, 0);
    assert(answered.stdout.includes(`  |hello from domai|\n00000050  6e 20 3${pvh.domid} 00`), answered.stdout);
  });
}

/** Throws unless dom0 is refused the pages whose references `share` has printed. */
function assertNotGranted(domid: number, { stdout }: Ended): void {
  const [, first] = /^(\d+)(-\d+)?\n$/.exec(stdout)!;
  using mapper = new GrantMapper(denoDomain());
  assertRefused(() => mapper.map(domid, [Number(first)]), "map-refused");
}
