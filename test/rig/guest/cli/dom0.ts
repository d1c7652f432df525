/**
 * Runs in dom0, beside a PV and a PVH domU: the command line, as processes in all three of them. The program is that of
 * the npm package.
 */

import { assertNothingGranted } from "../limit.ts";
import { run, type Suite } from "../runner.ts";
import { declare as declareChannels } from "./channels.ts";
import { declare as declareDoctor } from "./doctor.ts";
import { declare as declarePages } from "./pages.ts";
import { DomuPlace } from "./place.ts";
import { declare as declareStore } from "./store.ts";
import { declare as declareTrouble } from "./trouble.ts";

export function declare(suite: Suite): void {
  const pv = new DomuPlace("pv");
  const pvh = new DomuPlace("pvh");
  suite.test("a PV domU boots", () => pv.boot());
  suite.test("a PVH domU boots", () => pvh.boot());
  declareDoctor(suite, pv, pvh);
  declarePages(suite, pv, pvh);
  declareStore(suite, pv);
  declareChannels(suite, pv, pvh);
  suite.test("programs that have ended leave nothing granted", async () => {
    assertNothingGranted();
    for (const { domu } of [pv, pvh]) await domu.call("assertNothingGranted");
  });
  declareTrouble(suite, [pv, pvh]);
}

if (import.meta.main) await run(declare);
