/** The program on Deno: see user.ts. */

import { denoDomain } from "../../../../backends/deno.ts";
import { linesOf } from "../../../../scripts/program.ts";
import { serve } from "./user.ts";

await serve(denoDomain(), linesOf(Deno.stdin.readable), console.log);
