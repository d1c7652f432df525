/**
 * The conformance suite of XenStore on a real daemon, through its socket: both sides are domain 0.
 *
 * @module
 */

import { denoDomain } from "../../../backends/deno.ts";
import { storeConformance } from "../../conformance/mod.ts";
import type { Daemon } from "../differences.ts";
import { RunningDaemon } from "./daemon.ts";
import { preparedTools } from "./tools.ts";

/** Declares the suite on a daemon. */
export function declareConformance(daemon: Daemon): void {
  let running: RunningDaemon;
  Deno.test.beforeAll(async () => {
    running = await RunningDaemon.start(daemon, preparedTools());
  });
  Deno.test.afterAll(() => running.stop());
  storeConformance({
    test: (name, run) => Deno.test(`${daemon}, both sides in domain 0: ${name}`, run),
    lacks: ["unprivileged domain", "two domains", "homes"],
    open() {
      const { store } = denoDomain({ xenstored: running.socket });
      const side = { store, domid: 0, longLists: true };
      return { ours: side, theirs: side, hidesMissing: daemon === "xenstored", close() {} };
    },
  });
}
