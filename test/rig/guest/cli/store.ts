/** `gntalloc store`: each domain reads what the other has written. */

import { assertEquals } from "../../../conformance/asserts.ts";
import type { Suite } from "../runner.ts";
import { xenstore } from "../xenstore.ts";
import { assertEnded, assertFailed, SIGTERM } from "./ends.ts";
import { dom0, type Place, run } from "./place.ts";

export function declare({ test }: Suite, domu: Place): void {
  const folder = () => `/local/domain/${domu.domid}/data/cli`;

  test("store: dom0 watches what the domU writes, until SIGTERM; the domU reads what dom0 writes", async () => {
    const watching = await dom0.start("Deno", "store", "watch", folder());
    await watching.until(`${folder()}\n`);
    assertEnded(await run(domu, "Deno", "store", "write", "data/cli/colour", "blue"), 0, "");
    await watching.until(`${folder()}/colour\n`);
    assertEnded(await watching.kill("SIGTERM"), SIGTERM);
    await (await xenstore()).write(`${folder()}/shape`, "round");
    assertEnded(await run(domu, "Node", "store", "ls", "-r", "data/cli"), 0, 'colour = "blue"\nshape = "round"\n');
  });

  test("store: dom0 sees the rights that the domU sets; the domU is refused what it may not read", async () => {
    assertEnded(await run(domu, "Deno", "store", "perms", "data/cli/colour", `${domu.domid}:none`, "0:read"), 0, "");
    const store = await xenstore();
    const rights = await store.permissions(`${folder()}/colour`);
    assertEquals(rights.map(({ domid, access }) => `${domid}:${access}`), [`${domu.domid}:none`, "0:read"]);
    await store.write("/secret", "of dom0");
    assertFailed(await run(domu, "Deno", "store", "read", "/secret"), "store:denied");
    await store.remove("/secret");
  });
}
