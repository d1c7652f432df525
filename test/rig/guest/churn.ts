/** A process that shares, maps, checks and frees until it is killed; the argument is its mark. */
import { churn } from "./churn_rounds.ts";

console.log(JSON.stringify({ started: true }));
for (const _ of churn(Number(Deno.args[0]))) {
  // On and on.
}
