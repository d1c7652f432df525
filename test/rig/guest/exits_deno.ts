/** Ends a program under Deno: see exits_program.ts, which has the names of the ways. */

import { denoDomain } from "../../../backends/deno.ts";
import * as library from "../../../mod.ts";
import { end } from "./exits_program.ts";

await end(library, denoDomain(), Deno.args[0]!);
