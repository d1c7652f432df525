/** Runs in dom0, beside a domU: disks between this library and the drivers of Linux. */

import { run, type Suite } from "../runner.ts";
import { Cast } from "./cast.ts";
import { declare as declareDestroyed } from "./destroyed.ts";
import { declare as declareDetached } from "./detached.ts";
import { declare as declareHostile } from "./hostile.ts";
import { declare as declareKernelAndKilled } from "./kernel_and_killed.ts";
import { declare as declareKernelOnOurs } from "./kernel_on_ours.ts";
import { declare as declareKilled } from "./killed.ts";
import { declare as declareOursOnKernel } from "./ours_on_kernel.ts";
import { declare as declareOursOnOurs } from "./ours_on_ours.ts";

export function declare(suite: Suite): void {
  const cast = new Cast();
  suite.test("a domU boots", () => cast.boot());
  declareOursOnKernel(suite, cast);
  declareOursOnOurs(suite, cast);
  declareDetached(suite, cast);
  declareHostile(suite, cast);
  declareKilled(suite, cast);
  suite.test("programs that end by themselves leave nothing granted", async () => {
    await cast.end();
    await cast.domu.call("assertNothingGranted");
  });
  // From here on, the domU's kernel has a driver for disks.
  declareKernelOnOurs(suite, cast);
  declareKernelAndKilled(suite, cast);
  declareDestroyed(suite, cast);
}

if (import.meta.main) await run(declare);
