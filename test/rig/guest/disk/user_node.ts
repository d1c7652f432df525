/** The program on Node, with the npm package: see user.ts. */

import { nodeDomain } from "@gntalloc/gntalloc/node";
import process from "node:process";
import { createInterface } from "node:readline";
import { serve } from "./user.ts";

await serve(nodeDomain(), createInterface({ input: process.stdin }), console.log);
