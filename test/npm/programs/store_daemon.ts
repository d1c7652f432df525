/**
 * The conformance suite of XenStore with Node's backend, on a real daemon: both sides are domain 0. Runs the tests that
 * its input names. Arguments: the path of the daemon's socket, or `device`; and the daemon.
 */

import { storeConformance } from "@gntalloc/gntalloc/conformance";
import { nodeDomain } from "@gntalloc/gntalloc/node";
import process from "node:process";
import { runByName } from "./by_name.ts";

const [way, daemon] = process.argv.slice(2);
const options = way === "device" ? {} : { xenstored: way! };
const side = () => ({ store: nodeDomain(options).store, domid: 0, longLists: true });

await runByName((test) =>
  storeConformance({
    test,
    lacks: ["unprivileged domain", "two domains"],
    open: () => ({ ours: side(), theirs: side(), hidesMissing: daemon === "xenstored", close() {} }),
  })
);
