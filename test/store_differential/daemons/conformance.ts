/**
 * The conformance suite of XenStore on a real daemon: between two domains, and between two connections of domain 0. The
 * second one is not part of the first: there, most requests are those of the other domain, through its kernel.
 *
 * @module
 */

import { denoDomain } from "../../../backends/deno.ts";
import { storeConformance, type StoreQuotas } from "../../conformance/mod.ts";
import type { Daemon } from "../differences.ts";
import { RunningDaemon } from "./daemon.ts";
import { introduce, writeHomeOfDomain0 } from "./introduce.ts";
import { DomainKernel } from "./kernel.ts";
import { preparedTools } from "./tools.ts";

/** The domid of the other domain. */
const DOMU = 1;

/** The quotas of each daemon. */
const QUOTAS: Readonly<Record<Daemon, StoreQuotas>> = {
  xenstored: { value: 2015, nodes: 1000, watches: 129, transactions: 11 },
  oxenstored: { value: 2048, nodes: 1000, watches: 101, transactions: 11 },
};

/** Declares the suite on a daemon. */
export function declareConformance(daemon: Daemon): void {
  let running: RunningDaemon;
  let kernel: DomainKernel;
  Deno.test.beforeAll(async () => {
    running = await RunningDaemon.start(daemon, preparedTools());
    const { store } = socket();
    await writeHomeOfDomain0(store);
    kernel = new DomainKernel(await running.makeDomain(DOMU));
    await introduce(store, DOMU);
  });
  Deno.test.afterAll(() => {
    kernel.close();
    return running.stop();
  });
  const isC = daemon === "xenstored";
  const socket = () => ({ store: denoDomain({ xenstored: running.socket }).store, domid: 0, longLists: true });
  const domu = () => ({ store: kernel, domid: DOMU, longLists: isC });
  storeConformance({
    test: (name, run) => Deno.test(`${daemon}, domain 1 and domain 0: ${name}`, run),
    quotas: QUOTAS[daemon],
    open: () => ({ ours: domu(), theirs: socket(), hidesMissing: isC, close() {} }),
  });
  storeConformance({
    test: (name, run) => Deno.test(`${daemon}, both sides in domain 0: ${name}`, run),
    lacks: ["unprivileged domain", "two domains"],
    open: () => ({ ours: socket(), theirs: socket(), hidesMissing: isC, close() {} }),
  });
}
