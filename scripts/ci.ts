/** `deno task ci`, and `.ci/run`: runs every test. The last line of the output counts them. */

import { summary } from "./ci/counts.ts";
import { runParts } from "./ci/parts.ts";

const counts = await runParts();
console.log(summary(counts));
if (counts.failed > 0 || counts.passed === 0) Deno.exit(1);
