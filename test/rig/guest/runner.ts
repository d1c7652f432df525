/** Runs tests in the guest, one after another, and reports each over the console. */

import { formatRecord, type Message } from "../report.ts";

/** Declares one test. Names are unique within a run. What it returns, if anything, is reported as it is. */
export type Test = (name: string, body: Body) => void;

/** What a test does. */
export type Body = () => string | void | Promise<string | void>;

/** What a file of tests is handed, in the guest to run them and on the host to learn their names. */
export interface Suite {
  test: Test;
  /** Declares a test that cannot run here, and why. */
  skip: (name: string, reason: string) => void;
}

/**
 * A test that takes longer has failed; the tests after it still run. Shorter than the silence after which the host
 * gives the whole machine up.
 */
const TEST_LIMIT_SECONDS = 180;

/** Only names: how the host works out what a guest has to report. */
export function namesOf(declare: (suite: Suite) => void): string[] {
  const names: string[] = [];
  const collect = (name: string) => void names.push(name);
  declare({ test: collect, skip: collect });
  return names;
}

/**
 * Runs every test that `declare` declares, then ends the program. A failing test does not change its exit status: the
 * report says it.
 */
export async function run(declare: (suite: Suite) => void): Promise<never> {
  const tests: { name: string; body: () => Promise<Message> }[] = [];
  declare({
    test: (name, body) => {
      tests.push({ name, body: () => attempt(name, body) });
    },
    skip: (name, detail) => {
      tests.push({
        name,
        body: () => Promise.resolve({ kind: "skip", name, detail }),
      });
    },
  });

  const lines: string[] = [];
  const say = (record: Message) => {
    const line = formatRecord(lines.length + 1, record);
    lines.push(line);
    print(line);
  };
  for (const { name } of tests) say({ kind: "plan", name });
  for (const { body } of tests) say(await body());
  say({ kind: "done" });
  // Once more: a kernel message may have cut a line in two, and a record twice is one record.
  for (const line of lines) print(line);
  // A test that took too long may still hold something open, which would keep the program alive for ever.
  Deno.exit();
}

async function attempt(
  name: string,
  body: Body,
): Promise<Message> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`took more than ${TEST_LIMIT_SECONDS} s`)),
      TEST_LIMIT_SECONDS * 1000,
    );
  });
  try {
    const detail = await Promise.race([body(), limit]);
    return { kind: "ok", name, ...(detail ? { detail } : {}) };
  } catch (error) {
    return { kind: "not ok", name, detail: describe(error) };
  } finally {
    clearTimeout(timer);
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncaused by ${describe(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

/** Says something to whoever watches the host's console. No verdict comes of it. */
export function note(text: string): void {
  print(`@note ${text}`);
}

/** The leading newline ends whatever the kernel left unfinished on the line. */
function print(line: string): void {
  const bytes = new TextEncoder().encode(`\n${line}\n`);
  for (let done = 0; done < bytes.length;) {
    done += Deno.stdout.writeSync(bytes.subarray(done));
  }
}
