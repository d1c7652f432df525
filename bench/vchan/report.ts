import { sentenceOf } from "../harness/provenance.ts";
import type { Report } from "../harness/publish.ts";
import { targetTable } from "../harness/targets.ts";
import type { VchanResults } from "./results.ts";
import { groupText, verdicts } from "./tables.ts";

/** What the bench of channels writes. */
export const vchanReport: Report<VchanResults> = {
  suffix: ".vchan.json",
  texts: (results) => ({
    "bench-vchan:provenance": sentenceOf(results),
    "bench-vchan:targets": targetTable(verdicts(results)),
    "bench-vchan:groups": results.groups.map(groupText).join("\n\n"),
  }),
};
