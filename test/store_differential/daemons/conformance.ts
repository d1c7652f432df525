/**
 * The conformance suite of XenStore on a real daemon: between two domains, and between two connections of domain 0. The
 * second one is not part of the first: there, most requests are those of the other domain, through its kernel. It runs
 * again with the npm package, under Node.
 *
 * @module
 */

import { denoDomain } from "../../../backends/deno.ts";
import { Program } from "../../../scripts/program.ts";
import { storeConformance, type StoreNeed, type StoreQuotas } from "../../conformance/mod.ts";
import type { Daemon } from "../differences.ts";
import { RunningDaemon } from "./daemon.ts";
import { introduce, writeHomeOfDomain0 } from "./introduce.ts";
import { DomainKernel } from "./kernel.ts";
import { preparedNode, preparedTools } from "./tools.ts";

/** What two connections of domain 0 lack. */
const DOM0_LACKS: readonly StoreNeed[] = ["unprivileged domain", "two domains"];

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
  let node: Program;
  Deno.test.beforeAll(async () => {
    running = await RunningDaemon.start(daemon, preparedTools());
    const { store } = socket();
    await writeHomeOfDomain0(store);
    kernel = new DomainKernel(await running.makeDomain(DOMU));
    await introduce(store, DOMU);
    const prepared = preparedNode();
    const args = ["--no-warnings", "store_daemon.ts", running.socket, daemon];
    node = new Program("the suite under Node", prepared.node, args, prepared.project);
  });
  Deno.test.afterAll(async () => {
    await node[Symbol.asyncDispose]();
    kernel.close();
    await running.stop();
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
    lacks: DOM0_LACKS,
    open: () => ({ ours: socket(), theirs: socket(), hidesMissing: isC, close() {} }),
  });
  storeConformance({
    test: (name) =>
      Deno.test(`${daemon}, both sides in domain 0, under Node: ${name}`, async () => {
        const { error } = JSON.parse(await node.ask(name));
        if (error !== undefined) throw new Error(error);
      }),
    lacks: DOM0_LACKS,
    open: () => Promise.reject(new Error("these tests run under Node")),
  });
}
