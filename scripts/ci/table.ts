/** Shows what ran where as a Markdown table. */

import type { Machine, RanOnXen, Run } from "./ran.ts";

const COLUMNS: Readonly<Record<Machine, string>> = {
  mock: "simulated Xen",
  device: "real device, in dom0",
  domains: "real devices, domU and dom0",
};

/** Returns a table with a row per place, and a sentence that names the systems. */
export function tableOf(runs: readonly Omit<Run, "counts">[]): string {
  const all = runs.flatMap(({ task, ran }) => ran.map((one) => ({ ...one, task })));
  const machines = Object.keys(COLUMNS) as Machine[];
  const rows = [...new Set(all.map(({ where }) => where))].map((where) => {
    const own = all.filter((one) => one.where === where);
    const tasks = new Set(own.map(({ task }) => `\`deno task ${task}\``));
    return [
      where,
      ...machines.map((machine) => own.some((one) => one.machine === machine) ? "yes" : "–"),
      [...tasks].join(", "),
    ];
  });
  const head = ["where", ...machines.map((machine) => COLUMNS[machine]), "shown by"];
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  const systems = runs.map(({ task, system }) => `\`${task}\` ran on ${system}`);
  return `${lines.join("\n")}\n\n${systems.join(", ")}.`;
}

/** Returns a table with a row per Xen. */
export function xenTableOf(xens: readonly RanOnXen[]): string {
  const rows = xens.map(({ machine, system, processor, domus, runs }) => [
    `\`${machine}\``,
    system,
    processor,
    domus,
    runs.map((run) => `\`${run}\``).join(", "),
  ]);
  const head = ["machine", "system", "processor", "domUs", "runs that passed"];
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
