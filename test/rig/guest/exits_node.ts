/** Ends a program under Node, with the npm package: see exits_program.ts, which has the names of the ways. */

import * as library from "@gntalloc/gntalloc";
import { nodeDomain } from "@gntalloc/gntalloc/node";
import process from "node:process";
import { end } from "./exits_program.ts";

await end(library, nodeDomain(), process.argv[2]!);
