import { parseArgs } from "node:util";
import { denoDomain } from "../../backends/deno.ts";
import { GrantDevice } from "../../mod.ts";
import { serve, sharing } from "./side.ts";

const { positionals: [libc] } = parseArgs({ allowPositionals: true });
await serve(sharing(new GrantDevice(denoDomain({ libc }))));
