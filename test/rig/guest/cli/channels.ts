/** `gntalloc vchan`, between domains. */

import { assert } from "../../../conformance/asserts.ts";
import type { Suite } from "../runner.ts";
import { xenstore } from "../xenstore.ts";
import { assertEnded, assertNoNode, SIGTERM } from "./ends.ts";
import { dom0, type Place } from "./place.ts";

/** Text that says where it is. It fills a ring several times. */
const TEXT = Array.from({ length: 10_000 }, (_, index) => `${index}\n`).join("");

export function declare({ test }: Suite, pv: Place, pvh: Place): void {
  test("vchan: dom0 sends a file to the PV domU, and --close ends both", async () => {
    const listening = await pv.start("Node", "vchan", "listen", "0", "files");
    await listening.until("waiting for domain 0");
    const sending = await dom0.start("Deno", "vchan", "connect", String(pv.domid), "files", "--close");
    await sending.write(TEXT);
    await sending.closeInput();
    assertEnded(await sending.end(), 0, "");
    assertEnded(await listening.end(), 0, TEXT);
  });

  test("vchan: the PVH domU connects to dom0, and they talk until one goes", async () => {
    const connecting = await pvh.start("Deno", "vchan", "connect", "0", "chat");
    const listening = await dom0.start("Deno", "vchan", "listen", String(pvh.domid), "chat");
    await connecting.until("connected to domain 0");
    await connecting.write("question\n");
    await listening.until("question\n");
    await listening.write("answer\n");
    await connecting.until("answer\n");
    assertEnded(await listening.kill("SIGTERM"), SIGTERM, "question\n");
    assertEnded(await connecting.end(), 0, "answer\n");
  });

  test("vchan: a server that gets SIGTERM while it waits takes its keys away", async () => {
    const listening = await pv.start("Deno", "vchan", "listen", "0", "nobody");
    const keys = `/local/domain/${pv.domid}/data/vchan/0/nobody`;
    await listening.until(`waiting for domain 0 at ${keys}\n`);
    const names = await (await xenstore()).list(keys);
    assert(names.includes("ring-ref"), names.join());
    assertEnded(await listening.kill("SIGTERM"), SIGTERM);
    await assertNoNode(keys);
  });
}
