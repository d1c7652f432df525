/** The conformance suite of channels on a real Xen: dom0 connects to itself, on Deno and on Node, and a domU to itself. */

import { denoDomain } from "../../../../backends/deno.ts";
import { assert } from "../../../conformance/asserts.ts";
import { vchanConformance, type VchanTarget } from "../../../conformance/mod.ts";
import { differs } from "../../differences.ts";
import type { Machine } from "../../machines.ts";
import type { Domu } from "../domu.ts";
import { assertNothingGranted } from "../limit.ts";
import type { Suite } from "../runner.ts";
import { declareUnderNode, openedElsewhere } from "../suites.ts";
import { xenstore } from "../xenstore.ts";

/** A domain that connects to itself. */
function target(domid: number): VchanTarget {
  return {
    server: denoDomain(),
    serverDomid: domid,
    client: denoDomain(),
    clientDomid: domid,
    close: assertNothingGranted,
  };
}

/** Declares the tests for a machine. */
export function declare(suite: Suite, machine: Machine, domu: () => Domu): void {
  const { test } = suite;
  vchanConformance({ test: (name, run) => test(`dom0 with itself: ${name}`, run), open: () => target(0) });
  declareUnderNode(
    suite,
    "dom0 with itself, under Node",
    ["vchan_device.ts", "0"],
    (test) => vchanConformance({ test, open: openedElsewhere }),
  );
  test("dom0 with itself, under Node: nothing is left granted", assertNothingGranted);
  if (differs(machine, "refuses a domU its own grants")) {
    test("a domU with itself is refused, and says why", async () => {
      const attempt = domu().call("testVchan", { name: "talk: packets arrive whole" }, 170);
      const outcome = String(await attempt.catch((error) => error));
      assert(outcome.includes("GrantError: Cannot map 1 grant "), outcome);
      assert(outcome.includes(` a ${machine.domu.toUpperCase()} domain on x86`), outcome);
      await domu().call("assertNothingGranted");
    });
    return;
  }
  vchanConformance({
    test: (name) => test(`a domU with itself: ${name}`, () => domu().call("testVchan", { name }, 170)),
    open: openedElsewhere,
  });
}

/** The command of a domU that runs one of these tests. */
export async function testVchan({ name }: { name: string }): Promise<void> {
  const domid = await (await xenstore()).ownDomid();
  const tests = new Map<string, () => unknown>();
  vchanConformance({ test: (name, run) => void tests.set(name, run), open: () => target(domid) });
  await tests.get(name)!();
}
