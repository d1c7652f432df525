/**
 * The results of the bench of the books as tables in Markdown.
 *
 * @module
 */
import { sentenceOf } from "../harness/provenance.ts";
import { median } from "../harness/rounds.ts";
import { pagesText, short, table } from "../harness/tables.ts";
import { find, groupsOf, ratioOf, type Results } from "./results.ts";

/** What every side needs, in nanoseconds per page: a table for each group. */
export function groupTables(results: Results): string {
  const sides = [...new Set(results.series.map(({ side }) => side))];
  return groupsOf(results).map(({ title, cases }) => {
    const byPending = cases.some(({ pending }) => pending > 0);
    const rows = sides.map((side) => {
      const series = cases.map((one) => find(results, side, one));
      const times = series.map((one) => one ? short(median(one.rounds)) : "–");
      return [side, ...times, short(ratioOf(series.at(-1), series[0]))];
    }).filter((row) => row.slice(1).some((cell) => cell !== "–"));
    const columns = cases.map(({ live, pending }) =>
      byPending ? `${pending.toLocaleString("en")} pending` : `${live.toLocaleString("en")} live`
    );
    return `${title}:\n\n${table(["ns per page", ...columns, "last ÷ first"], rows)}`;
  }).join("\n\n");
}

/** Memory, calls into the core, and start: the figures that belong to no case. */
export function otherTable(results: Results): string {
  const { memory, module, startup, peaks, border } = results;
  return table(["figure", "value"], [
    [`core, bytes per grant, dense, ${memory.live.toLocaleString("en")} pages`, short(memory.dense)],
    ["core, bytes per grant, after random replacement", short(memory.scattered)],
    ...Object.entries(peaks.sides).flatMap(([side, { peak, after }]) => [
      [`MiB in use with ${peaks.pages.toLocaleString("en")} pages written to, ${side}`, short(peak)],
      [`MiB still in use after they are freed, ${side}`, short(Math.max(0, after))],
    ]),
    ...Object.entries(border).map((
      [runtime, time],
    ) => [`ns of the smallest call into the core, ${runtime}`, short(time)]),
    ...floorRows(results),
    ["core module, bytes", module.toLocaleString("en")],
    ...Object.entries(startup).map(([runtime, time]) => [
      `ms from import to first grant, from the sources, ${runtime}`,
      short(time),
    ]),
  ]);
}

/** JavaScript's floor of the end-to-end workloads, beside C. */
function floorRows(results: Results): string[][] {
  return ([["share", "end to end"], ["peer", "end to end with a peer"]] as const).flatMap(([workload, title]) =>
    [1, 256].flatMap((pages) =>
      Object.keys(results.startup).map((runtime) => {
        const one = { workload, pages, live: 100, pending: 0 };
        const floor = ratioOf(find(results, `core/${runtime}`, one), find(results, "leaf/c", one));
        return [`JavaScript's floor ÷ same work in C, ${title}, ${pagesText(pages)}, ${runtime}`, short(floor)];
      })
    )
  );
}

/** Where the figures come from, and that the variants agree. */
export function provenanceText(results: Results): string {
  const { steps, answer } = results.digest;
  return `${sentenceOf(results)} All variants of the books gave the same answers to a trace of ` +
    `${steps.toLocaleString("en")} steps (digest ${answer}).`;
}
