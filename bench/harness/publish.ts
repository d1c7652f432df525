/**
 * Keeps the results of a bench, and writes what is made from them: tables in docs/performance.md, and pictures.
 *
 * @module
 */
import { writeMarked } from "../../scripts/marked.ts";
import type { Provenance } from "./provenance.ts";

const root = new URL("../../", import.meta.url);

/** What a bench makes of its results. */
export interface Report<Results extends Provenance> {
  /** How the names of its files in `bench/results/` end: `latest` and `reference` come before it. */
  readonly suffix: string;
  /** Texts for the marked parts of docs/performance.md, by the names of their marks. */
  texts(results: Results): Readonly<Record<string, string>>;
  /** Pictures, by the names of their files in `docs/`. */
  pictures?(results: Results): Readonly<Record<string, string>>;
}

/**
 * Prints the results of a run and keeps them as the latest ones.
 *
 * @param write Whether the run becomes the reference, from which the docs are written.
 */
export async function publish<Results extends Provenance>(
  report: Report<Results>,
  results: Results,
  write: boolean,
): Promise<void> {
  await save(`latest${report.suffix}`, results);
  for (const [name, picture] of Object.entries(report.pictures?.(results) ?? {})) {
    await Deno.writeTextFile(resultsFile(`latest.${name}`), picture);
  }
  if (write) {
    await save(`reference${report.suffix}`, results);
    await writeDocs(report, results);
  }
  console.log(Object.values(report.texts(results)).join("\n\n"));
}

/** Writes the docs again from the reference results, without measuring. Returns false if there are none. */
export async function redraw<Results extends Provenance>(report: Report<Results>): Promise<boolean> {
  const text = await Deno.readTextFile(resultsFile(`reference${report.suffix}`)).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (text === undefined) return false;
  await writeDocs(report, JSON.parse(text) as Results);
  return true;
}

async function writeDocs<Results extends Provenance>(report: Report<Results>, results: Results): Promise<void> {
  for (const [name, picture] of Object.entries(report.pictures?.(results) ?? {})) {
    await Deno.writeTextFile(new URL(`docs/${name}`, root), picture);
  }
  await writeMarked(new URL("docs/performance.md", root), report.texts(results));
}

async function save(name: string, results: unknown): Promise<void> {
  await Deno.mkdir(resultsFile("."), { recursive: true });
  await Deno.writeTextFile(resultsFile(name), JSON.stringify(results, null, 1) + "\n");
}

function resultsFile(name: string): URL {
  return new URL(`bench/results/${name}`, root);
}
