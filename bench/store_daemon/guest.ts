/** Runs in dom0 of a real Xen: measures requests through the daemon's socket, and through the kernel's device. */

import { EXAMPLE_NODE, NODE_PROJECT } from "../../test/rig/guest/child.ts";
import { run, type Suite } from "../../test/rig/guest/runner.ts";
import { DEVICE, measureStore, type Plan, type StoreFigures } from "./sides.ts";

const PLAN: Plan = { rounds: 15, first: 5, times: 100, idle: 5000 };

/** The ways to the daemon, by the names of the tests that measure them. */
const WAYS = {
  "bench: XenStore through the daemon's socket": "/run/xenstored/socket",
  "bench: XenStore through the kernel's device": DEVICE,
} as const;

export function declare({ test }: Suite): void {
  const programs = { client: "client", node: `node${EXAMPLE_NODE}`, project: NODE_PROJECT };
  for (const [name, path] of Object.entries(WAYS)) {
    test(name, async () => JSON.stringify(await measureStore(programs, path, PLAN)));
  }
}

/** What a run has measured, by the names of the tests. */
export function figuresOf(details: ReadonlyMap<string, string>): [name: string, figures: StoreFigures][] {
  return Object.keys(WAYS).map((name) => [name, JSON.parse(details.get(name)!)]);
}

if (import.meta.main) await run(declare);
