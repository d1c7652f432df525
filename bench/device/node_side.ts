// Runs in a project with the packed npm package.
import { parseArgs } from "node:util";
import { GrantDevice } from "@gntalloc/gntalloc";
import { nodeDomain } from "@gntalloc/gntalloc/node";
import { serve, sharing } from "./side.ts";

const { positionals: [libc] } = parseArgs({ allowPositionals: true });
await serve(sharing(new GrantDevice(nodeDomain({ libc }))));
