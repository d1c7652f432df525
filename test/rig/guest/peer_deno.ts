/** The peer on Deno: see peer_program.ts. */

import { denoDomain } from "../../../backends/deno.ts";
import * as library from "../../../mod.ts";
import { linesOf } from "../../../scripts/program.ts";
import { serve } from "./peer_program.ts";

// Deno's clocks begin with the program. The C peer's begins with the domain.
const { symbols } = Deno.dlopen("libc.so.6", {
  /** `int clock_gettime(clockid_t clock, struct timespec *time)` */
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
});
const time = new BigInt64Array(2);
function clock(id: number): bigint {
  symbols.clock_gettime(id, time);
  return time[0]! * 1_000_000_000n + time[1]!;
}
const CLOCK_MONOTONIC = 1;
const CLOCK_PROCESS_CPUTIME_ID = 2;

await serve(
  {
    library,
    domain: denoDomain(),
    now: () => clock(CLOCK_MONOTONIC),
    processorTime: () => clock(CLOCK_PROCESS_CPUTIME_ID),
  },
  linesOf(Deno.stdin.readable),
  console.log,
);
