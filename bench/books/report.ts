import type { Report } from "../harness/publish.ts";
import { targetTable } from "../harness/targets.ts";
import { costPicture } from "./pictures/cost.ts";
import { performancePicture } from "./pictures/performance.ts";
import type { Results } from "./results.ts";
import { groupTables, otherTable, provenanceText } from "./tables.ts";
import { verdicts } from "./targets.ts";

/** What the bench of the books writes. */
export const booksReport: Report<Results> = {
  suffix: ".json",
  texts: (results) => ({
    "bench:groups": groupTables(results),
    "bench:others": otherTable(results),
    "bench:targets": targetTable(verdicts(results).filter(({ measured }) => measured !== undefined)),
    "bench:provenance": provenanceText(results),
  }),
  pictures: (results) => ({
    "cost.svg": costPicture(results),
    "performance.svg": performancePicture(results),
  }),
};
