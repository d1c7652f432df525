/** The peer on Node, with the npm package: see peer_program.ts. */

import * as library from "@gntalloc/gntalloc";
import { nodeDomain } from "@gntalloc/gntalloc/node";
import * as vchan from "@gntalloc/gntalloc/vchan";
import process from "node:process";
import { createInterface } from "node:readline";
import { serve } from "./peer_program.ts";

await serve(
  {
    library,
    vchan: { library: vchan },
    domain: nodeDomain(),
    now: () => process.hrtime.bigint(),
    processorTime: () => {
      const { user, system } = process.cpuUsage();
      return BigInt(user + system) * 1000n;
    },
  },
  createInterface({ input: process.stdin }),
  console.log,
);
