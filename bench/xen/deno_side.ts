import { denoGrantBackend } from "../../backends/deno.ts";
import { GrantDevice } from "../../mod.ts";
import { serve, sharing } from "./side.ts";

await serve(sharing(new GrantDevice(denoGrantBackend())));
