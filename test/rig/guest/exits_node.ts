/** Ends a program on Node, with the npm package. The ways to end are in exits_program.ts. */

import * as library from "@gntalloc/gntalloc";
import { nodeDomain } from "@gntalloc/gntalloc/node";
import process from "node:process";
import { end } from "./exits_program.ts";

await end(library, nodeDomain(), process.argv[2]!);
