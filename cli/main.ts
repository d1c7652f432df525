#!/usr/bin/env node
/**
 * `gntalloc`: the command line. See docs/cli.md.
 *
 * @module
 */
import process from "node:process";
import { EXIT } from "./src/exit.ts";
import { isTooOld, OLDEST_NODE } from "./src/node_version.ts";

const { node } = process.versions;
if (isTooOld(node)) {
  console.error(`gntalloc: Cannot run on Node ${node}: it needs Node ${OLDEST_NODE} or later,`, "or Deno.");
  process.exit(EXIT.failed);
}
// An older Node cannot even load the rest.
const { main } = await import("./src/main.ts");
// Nobody waits for more input, and what the program opened is closed.
process.exit(await main());
