/**
 * Where figures come from: the machine, the programs and the day.
 *
 * @module
 */
import { exec } from "../../scripts/exec.ts";

/** The part that the results of all benches have. */
export interface Provenance {
  readonly date: string;
  /** A quick run shows that the bench works. Its figures are not to be quoted. */
  readonly mode: "full" | "quick";
  readonly machine: { readonly processor: string; readonly cores: number };
  /** Versions of the programs, by their names. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Describes this run: this Deno, and the programs in `versions`. */
export async function thisRun(quick: boolean, versions: Readonly<Record<string, string>>): Promise<Provenance> {
  return {
    date: new Date().toISOString(),
    mode: quick ? "quick" : "full",
    machine: { processor: await processor(), cores: navigator.hardwareConcurrency },
    versions: { deno: Deno.version.deno, ...versions },
  };
}

async function processor(): Promise<string> {
  const text = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  return /model name\s*: (.*)/.exec(text)?.[1] ?? "an unknown processor";
}

/** The version that a program prints, without the words around it. */
export async function versionOf(command: string, argument = "--version"): Promise<string> {
  const printed = await exec(command, [argument]);
  const [version] = /\d+(\.\d+)+/.exec(printed) ?? [];
  if (version === undefined) throw new Error(`Cannot find a version in what ${command} prints: ${printed.trim()}`);
  return version;
}

/** The version of gcc. */
export function gccVersion(): Promise<string> {
  return versionOf("gcc", "-dumpfullversion");
}

/** The sentence that says where figures come from. */
export function sentenceOf({ date, mode, machine, versions }: Provenance): string {
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ");
  const quick = mode === "quick" ? ", in a quick run" : "";
  return `Measured ${date.slice(0, 10)}${quick} on ${machine.cores} cores of ${machine.processor}, with ${programs}.`;
}
