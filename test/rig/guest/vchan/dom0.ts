/**
 * Runs in dom0, beside domUs: channels between programs on this library, programs in C on Debian's libxenvchan, and
 * Xen's own `vchan-socket-proxy`.
 */

import type { Machine } from "../../machines.ts";
import { assertNothingGranted } from "../limit.ts";
import { machineHere } from "../machine.ts";
import { run, type Suite } from "../runner.ts";
import { Cast } from "./cast.ts";
import { declare as declareConversations } from "./conversations.ts";
import { declare as declareDestroyed } from "./destroyed.ts";
import { declare as declareKilled } from "./killed.ts";
import { declare as declareMany } from "./many.ts";
import { declare as declareMeeting } from "./meeting.ts";
import { declare as declareOrders } from "./orders.ts";
import { declare as declareProxy } from "./proxy.ts";
import { declare as declareSuite } from "./suite.ts";

export function declare(suite: Suite, machine: Machine): void {
  const cast = new Cast();
  suite.test("a domU boots", () => cast.boot());
  declareSuite(suite, machine, () => cast.domu);
  declareConversations(suite, cast);
  declareOrders(suite, cast);
  declareMeeting(suite, cast);
  declareMany(suite, cast);
  declareProxy(suite, cast);
  declareKilled(suite, cast);
  declareDestroyed(suite, cast);
  suite.test("programs that end by themselves leave nothing granted", async () => {
    await cast.end();
    assertNothingGranted();
    await cast.domu.call("assertNothingGranted");
  });
}

if (import.meta.main) await run((suite) => declare(suite, machineHere()));
