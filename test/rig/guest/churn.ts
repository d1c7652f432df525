/** A process that shares, maps, checks and frees pages until it is killed. The argument is the mark that it writes. */
import { churn } from "./churn_rounds.ts";

console.log(JSON.stringify({ started: true }));
for (const _ of churn(Number(Deno.args[0]))) {
  // It never ends by itself.
}
