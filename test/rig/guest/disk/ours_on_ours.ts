/** Our frontend in a domU, and our backend in dom0. */

import { denoDomain } from "../../../../backends/deno.ts";
import { createDisk, placeOfDisk } from "../../../../examples/block/block_backend.ts";
import { removeDevice } from "../../../../src/pv/mod.ts";
import { assert, assertEquals } from "../../../conformance/asserts.ts";
import type { Suite } from "../runner.ts";
import type { Cast } from "./cast.ts";
import { createFile } from "./kernel_disk.ts";
import { exchange } from "./ours_on_kernel.ts";
import { pause } from "../until.ts";

const MIB = 1024 * 1024;
export const PATH = "/tmp/served.img";

export function declare({ test }: Suite, cast: Cast): void {
  test("our frontend and our backend move the bytes, with pages that stay granted and with fresh ones", async () => {
    await createFile(PATH, 16 * MIB);
    await createDisk(denoDomain(), cast.domid, "xvdb");
    const [server, user] = [await cast.server(), await cast.user()];
    await server.ask("serve", { frontend: cast.domid, disk: "xvdb", path: PATH, readOnly: false });
    for (const [index, options] of [{ ringOrder: 4 }, { persistent: false }].entries()) {
      const shape = await user.ask("attach", { disk: "xvdb", options });
      assertEquals([shape.size, shape.maxBytes, shape.persistent], [16 * MIB, MIB, index === 0]);
      await exchange(user, PATH, 40 + 2 * index);
      const { mapped, failures } = await server.ask("served", { disk: "xvdb" });
      assertEquals(failures, []);
      assert(index === 0 ? mapped > 0 && mapped <= 320 : mapped === 0, `${mapped} pages are mapped`);
      if (index === 0) {
        await Deno.truncate(PATH, 17 * MIB);
        await server.ask("resize", { disk: "xvdb" });
        await user.ask("resized", { disk: "xvdb", size: 17 * MIB });
        await Deno.truncate(PATH, 16 * MIB);
        await server.ask("resize", { disk: "xvdb" });
      }
      await user.ask("detach", { disk: "xvdb" });
      assertEquals((await server.ask("served", { disk: "xvdb" })).mapped, 0);
    }
  });

  test("a disk that is removed in the middle ends on both sides", async () => {
    const [server, user] = [await cast.server(), await cast.user()];
    await user.ask("attach", { disk: "xvdb" });
    await user.ask("churn", { disk: "xvdb", lanes: 8, span: MIB });
    await pause(1000);
    assertEquals(await removeDevice(denoDomain(), placeOfDisk("xvdb", cast.domid)), true);
    assertEquals(await user.ask("closed", { disk: "xvdb" }), "detached");
    const { rounds, wrong, failures } = await user.ask("churned", { disk: "xvdb", stop: false });
    assertEquals([wrong, failures.length], [0, 8]);
    assert(rounds > 0 && failures.every((failure: string) => failure.startsWith("detached")), String(failures));
    await server.ask("unserve", { disk: "xvdb", wait: true });
  });
}
