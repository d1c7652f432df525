import process from "node:process";
import { denoDomain } from "../../backends/deno.ts";
import { GrantDevice } from "../../mod.ts";
import { serve, sharing } from "./side.ts";

const [libc] = process.argv.slice(2);
await serve(sharing(new GrantDevice(denoDomain(libc === undefined ? {} : { libc }))));
