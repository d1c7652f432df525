/** Ends a program on Deno. The ways to end are in exits_program.ts. */

import { denoDomain } from "../../../backends/deno.ts";
import * as library from "../../../mod.ts";
import { end } from "./exits_program.ts";

await end(library, denoDomain(), Deno.args[0]!);
