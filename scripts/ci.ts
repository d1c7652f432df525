/** `deno task ci`, and `.ci/run`: every test there is. Closes with a line that counts them. */

import { summary } from "./ci/counts.ts";
import { runParts } from "./ci/parts.ts";

const counts = await runParts();
console.log(summary(counts));
if (counts.failed > 0 || counts.passed === 0) Deno.exit(1);
