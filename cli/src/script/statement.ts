import { UsageError } from "../exit.ts";
import { readDomid } from "../values.ts";

/** A line of a script: `1: share ring --to 0`. */
export interface Statement {
  /** The number of its line, from 1. */
  readonly line: number;
  /** The domain that it is for, if it names one. */
  readonly domid: number | undefined;
  /** The code of the error that it must fail with: `1: fails limit-reached allocate …`. */
  readonly fails: string | undefined;
  /** What to do. */
  readonly verb: string;
  /** The words behind the verb. */
  readonly words: readonly string[];
  /** The line as it is written, without its comment. */
  readonly text: string;
}

/** Where the command of the command line begins: what follows happens while it runs. */
export const START = "start";

const ESCAPES: ReadonlyMap<string, string> = new Map([["n", "\n"], ["t", "\t"], ["0", "\0"], ['"', '"'], ["\\", "\\"]]);

function unescaped(character: string): string {
  const meaning = ESCAPES.get(character);
  if (meaning !== undefined) return meaning;
  throw new UsageError(`Cannot read \\${character} in quotes: there are only \\n, \\t, \\0, \\" and \\\\.`);
}

/**
 * Reads a script: one statement a line, `#` begins a comment, and double quotes hold words together.
 *
 * @param where What errors call it: the path of a file, for example.
 */
export function parseScript(text: string, where: string): Statement[] {
  return text.split("\n").flatMap((line, index) => {
    try {
      return parseLine(line, index + 1) ?? [];
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new UsageError(`Cannot read line ${index + 1} of ${where}: ${error.message}`);
    }
  });
}

function parseLine(text: string, line: number): Statement | undefined {
  const words = wordsOf(text);
  if (words.length === 0) return undefined;
  const prefix = /^(.*):$/.exec(words[0]!)?.[1];
  const domid = prefix === undefined ? undefined : readDomid(prefix);
  const rest = prefix === undefined ? words : words.slice(1);
  const fails = rest[0] === "fails" ? rest[1] ?? "" : undefined;
  const [verb, ...others] = fails === undefined ? rest : rest.slice(2);
  if (verb === undefined) throw new UsageError("Cannot run it as it has no verb. `gntalloc run --help` lists them.");
  return { line, domid, fails, verb, words: others, text: text.trim() };
}

/** Splits a line into words. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  let rest = text.trimStart();
  while (rest !== "" && !rest.startsWith("#")) {
    const [all, quoted, plain] = /^(?:"((?:[^"\\]|\\.)*)"(?=\s|$)|([^\s"]\S*))/.exec(rest) ?? [];
    if (all === undefined) {
      throw new UsageError(`Cannot split it into words: a quote is not closed, or does not end a word, in ${rest}`);
    }
    words.push(plain ?? quoted!.replace(/\\(.)/g, (_, character: string) => unescaped(character)));
    rest = rest.slice(all.length).trimStart();
  }
  return words;
}
