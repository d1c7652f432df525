/** Disks that the toolstack attaches and detaches, as administrators do: in the middle of reads and writes. */

import { assert, assertEquals } from "../../../conformance/asserts.ts";
import type { Suite } from "../runner.ts";
import * as xl from "../xl.ts";
import type { Cast } from "./cast.ts";
import { LoopFile } from "./kernel_disk.ts";
import { pause } from "../until.ts";
import { attachLoop } from "./toolstack_disk.ts";

const MIB = 1024 * 1024;

export function declare({ test }: Suite, cast: Cast): void {
  test("xl attaches a disk, and detaches it while it is busy, three times", async () => {
    const loop = await LoopFile.create("toolstack", 16 * MIB);
    const user = await cast.user();
    for (let time = 0; time < 3; time++) {
      await attachLoop(cast.domid, "xvdd", loop);
      const shape = await user.ask("attach", { disk: "xvdd" });
      assertEquals([shape.size, shape.readOnly], [16 * MIB, false]);
      await user.ask("churn", { disk: "xvdd", lanes: 8, span: MIB });
      await pause(700);
      await xl.detachDisk(cast.domid, "xvdd");
      assertEquals(await user.ask("closed", { disk: "xvdd" }), "detached");
      const { rounds, wrong, failures } = await user.ask("churned", { disk: "xvdd", stop: false });
      assertEquals([wrong, failures.length], [0, 8]);
      assert(rounds > 0 && failures.every((failure: string) => failure.startsWith("detached")), String(failures));
      const missing = await user.ask("attach", { disk: "xvdd" }).then(() => "", String);
      assert(missing.includes("no-device"), missing);
    }
    await loop.remove();
  });
}
