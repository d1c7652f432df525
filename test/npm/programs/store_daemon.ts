/**
 * The conformance suite of XenStore with Node's backend, on a real daemon: both sides are domain 0. Reads the names of
 * tests, runs each, and answers with a line of JSON. Arguments: the path of the daemon's socket, or `device`; and the
 * daemon.
 */

import { storeConformance } from "@gntalloc/gntalloc/conformance";
import { nodeDomain } from "@gntalloc/gntalloc/node";
import process from "node:process";
import { createInterface } from "node:readline";

const [way, daemon] = process.argv.slice(2);
const options = way === "device" ? {} : { xenstored: way! };
const tests = new Map<string, () => Promise<void>>();
const side = () => ({ store: nodeDomain(options).store, domid: 0, longLists: true });

storeConformance({
  test: (name, run) => void tests.set(name, run),
  lacks: ["unprivileged domain", "two domains"],
  open: () => ({ ours: side(), theirs: side(), hidesMissing: daemon === "xenstored", close() {} }),
});

for await (const name of createInterface({ input: process.stdin })) {
  let error: string | undefined;
  try {
    const run = tests.get(name);
    if (run === undefined) throw new Error("the packed suite has no such test");
    await run();
  } catch (thrown) {
    error = thrown instanceof Error ? thrown.stack ?? thrown.message : String(thrown);
  }
  console.log(JSON.stringify({ error }));
}
