/**
 * Results as tables in Markdown.
 *
 * @module
 */
import { find, groupsOf, ratio, type Results, short } from "./results.ts";
import { median } from "./clock.ts";
import { reached, verdicts } from "./targets.ts";

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  return [line(head), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rows.map(line)].join("\n");
}

/** What is to be reached, and what was. */
export function targetTable(results: Results): string {
  return table(
    ["figure", "runtime", "target", "measured", "reached"],
    verdicts(results).filter(({ measured }) => measured !== undefined).map((verdict) => {
      const is = reached(verdict);
      return [
        verdict.figure,
        verdict.runtime,
        `${verdict.atLeast ? "≥" : "≤"} ${verdict.target.toLocaleString("en")}`,
        short(verdict.measured),
        is === undefined ? "–" : is ? "yes" : "no",
      ];
    }),
  );
}

/** What every side needs, in nanoseconds a page: a table for each group. */
export function groupTables(results: Results): string {
  const sides = [...new Set(results.series.map(({ side }) => side))];
  return groupsOf(results).map(({ title, cases }) => {
    const byPending = cases.some(({ pending }) => pending > 0);
    const rows = sides.map((side) => {
      const series = cases.map((one) => find(results, side, one));
      const times = series.map((one) => one ? short(median(one.rounds)) : "–");
      const span = ratio(series.at(-1), series[0]);
      return [side, ...times, short(span)];
    }).filter((row) => row.slice(1).some((cell) => cell !== "–"));
    const columns = cases.map(({ live, pending }) =>
      byPending ? `${pending.toLocaleString("en")} pending` : `${live.toLocaleString("en")} live`
    );
    return `${title}:\n\n${table(["ns a page", ...columns, "last ÷ first"], rows)}`;
  }).join("\n\n");
}

/** The figures that are of no case. */
export function otherTable(results: Results): string {
  const { memory, module, startup, peaks, border } = results;
  return table(["figure", "value"], [
    [`bytes a grant, dense, at ${memory.live.toLocaleString("en")}`, short(memory.dense)],
    [`bytes a grant, after random replacement`, short(memory.scattered)],
    ...Object.entries(peaks?.sides ?? {}).flatMap(([side, { peak, after }]) => [
      [`MiB that ${peaks!.pages.toLocaleString("en")} pages take, written to, ${side}`, short(peak)],
      [`MiB of them that are left when they are freed, ${side}`, short(Math.max(0, after))],
    ]),
    ...Object.entries(border ?? {}).map((
      [runtime, time],
    ) => [`ns of the smallest call into the core, ${runtime}`, short(time)]),
    ...leastRows(results),
    ["bytes of the module", module.toLocaleString("en")],
    ...Object.entries(startup).map(([runtime, time]) => [`ms from import to first grant, ${runtime}`, short(time)]),
  ]);
}

/** The least of the whole way that JavaScript can do, beside C. */
function leastRows(results: Results): string[][] {
  return (["share", "peer"] as const).flatMap((workload) =>
    [1, 256].flatMap((pages) =>
      Object.keys(results.startup).map((runtime) => {
        const one = { workload, pages, live: 100, pending: 0 };
        const least = ratio(find(results, `core/${runtime}`, one), find(results, "leaf/c", one));
        const way = workload === "peer" ? "whole way with a peer" : "whole way";
        return [
          `the least of the ${way} ÷ same work in C, ${pages} ${pages === 1 ? "page" : "pages"}, ${runtime}`,
          short(least),
        ];
      })
    )
  );
}

/** Where the figures are from. */
export function provenance({ date, mode, machine, versions, digest }: Results): string {
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ");
  return `Measured ${
    date.slice(0, 10)
  } (${mode} run) on ${machine.cores} cores of ${machine.processor}, with ${programs}. All variants of ` +
    `the books gave the same answers to a trace of ${
      digest.steps.toLocaleString("en")
    } steps (digest ${digest.answer}).`;
}
