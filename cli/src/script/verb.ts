import type { Palette } from "../palette.ts";
import type { Side } from "./side.ts";
import type { World } from "./world.ts";

/** What a verb of a script works on. */
export interface Call {
  /** The domain that the statement is for. */
  readonly side: Side;
  /** The arguments that are not options. There are as many as {@linkcode Verb.usage} says. */
  readonly args: readonly string[];
  /** The options, by their names. */
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly world: World;
  readonly palette: Palette;
  readonly signal: AbortSignal;
  /** Returns the side of another domain. */
  sideOf(domid: number): Promise<Side>;
  /** Says what happened. */
  say(text: string): Promise<void>;
}

/** A verb of the scripts. */
export interface Verb {
  /** Its arguments and options: `NAME --to DOMID [--pages N] [--writable]`. */
  readonly usage: string;
  /** What it does, in a sentence. */
  readonly help: string;
  run(call: Call): void | Promise<void>;
}

/** The arguments and options of a usage. */
export interface Signature {
  readonly least: number;
  readonly most: number;
  readonly options: Readonly<Record<string, { readonly type: "string" | "boolean" }>>;
  readonly required: readonly string[];
}

/** Reads a usage, so that it is written down once. */
export function signatureOf(usage: string): Signature {
  const options: Record<string, { type: "string" | "boolean" }> = {};
  const required: string[] = [];
  let rest = usage;
  for (const [all, open, name, value] of usage.matchAll(/(\[?)--([\w-]+)( [A-Z|a-z]+)?\]?/g)) {
    options[name!] = { type: value === undefined ? "boolean" : "string" };
    if (open === "") required.push(name!);
    rest = rest.replace(all, "");
  }
  const words = rest.trim() === "" ? [] : rest.trim().split(/\s+/);
  const least = words.filter((word) => !word.startsWith("[")).length;
  return { least, most: usage.includes("…") ? Infinity : words.length, options, required };
}
