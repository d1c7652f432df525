// Runs in a project with the packed npm package.
import process from "node:process";
import { GrantDevice } from "@gntalloc/gntalloc";
import { nodeDomain } from "@gntalloc/gntalloc/node";
import { serve, sharing } from "./side.ts";

const [libc] = process.argv.slice(2);
await serve(sharing(new GrantDevice(nodeDomain(libc === undefined ? {} : { libc }))));
