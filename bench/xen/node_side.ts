// Runs in a project that has the packed npm package installed.
import { GrantDevice } from "@gntalloc/gntalloc";
import { nodeGrantBackend } from "@gntalloc/gntalloc/node";
import { serve, sharing } from "./side.ts";

await serve(sharing(new GrantDevice(nodeGrantBackend())));
