/**
 * The conformance suite of XenStore on the daemon of a real Xen: by dom0's device and socket, by dom0's device under Node,
 * and by a domU's device.
 */

import { denoDomain } from "../../../backends/deno.ts";
import {
  storeConformance,
  type StoreNeed,
  type StoreQuotas,
  type StoreSide,
  type StoreTarget,
} from "../../conformance/mod.ts";
import type { Domu } from "./domu.ts";
import { storeQuotas } from "./machine.ts";
import type { Suite } from "./runner.ts";
import { declareUnderNode, openedElsewhere } from "./suites.ts";
import { xenstore } from "./xenstore.ts";

const SOCKET = "/run/xenstored/socket";

/** What there is not by dom0's device and socket. */
const DOM0_LACKS: readonly StoreNeed[] = ["unprivileged domain", "two domains"];
/** What there is not by a domU's device. */
const DOMU_LACKS: readonly StoreNeed[] = ["domain 0", "two domains", "long lists"];

function target(ours: StoreSide, theirs: StoreSide): StoreTarget {
  return {
    ours,
    theirs,
    hidesMissing: true,
    close() {},
  };
}

const device = (domid: number): StoreSide => ({ store: denoDomain().store, domid, longLists: true });
const socket = (): StoreSide => ({ store: denoDomain({ xenstored: SOCKET }).store, domid: 0, longLists: true });

/** Declares the tests. */
export function declare(suite: Suite, domu: () => Domu): void {
  const { test } = suite;
  storeConformance({
    test: (name, run) => test(`XenStore by dom0's device and socket: ${name}`, run),
    lacks: DOM0_LACKS,
    open: () => target(device(0), socket()),
  });
  declareUnderNode(
    suite,
    "XenStore by dom0's device, under Node",
    ["store_daemon.ts", "device", "xenstored"],
    (test) => storeConformance({ test, lacks: DOM0_LACKS, open: openedElsewhere }),
  );
  const quotas = storeQuotas();
  storeConformance({
    test: (name) => test(`XenStore by a domU's device: ${name}`, () => domu().call("testStore", { name, quotas }, 170)),
    lacks: DOMU_LACKS,
    quotas,
    open: openedElsewhere,
  });
}

/** The command of a domU that runs one of these tests. */
export async function testStore({ name, quotas }: { name: string; quotas: StoreQuotas }): Promise<void> {
  const domid = await (await xenstore()).ownDomid();
  const tests = new Map<string, () => Promise<void>>();
  storeConformance({
    test: (name, run) => void tests.set(name, run),
    lacks: DOMU_LACKS,
    quotas,
    open: () => target(device(domid), device(domid)),
  });
  await tests.get(name)!();
}
