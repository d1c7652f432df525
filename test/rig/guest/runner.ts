/** Runs tests in the guest, one after the other, and reports each on the console. */

import { formatRecord, type Message } from "../report.ts";

/** Declares a test. Names are unique within a run. */
type Test = (name: string, body: Body) => void;

/** The body of a test. The text that it returns, if any, is reported. */
type Body = () => string | void | Promise<string | void>;

/** What a file of tests gets: in the guest to run them, on the host to learn their names. */
export interface Suite {
  test: Test;
  /** Declares a test that cannot run here, with the reason. */
  skip: (name: string, reason: string) => void;
}

/**
 * A test that takes longer fails, and the tests after it still run. This is shorter than the silence after which the
 * host gives up the machine.
 */
const TEST_LIMIT_SECONDS = 240;

/** Returns only the names of tests, so that the host knows what a guest must report. */
export function namesOf(declare: (suite: Suite) => void): string[] {
  const names: string[] = [];
  const collect = (name: string) => void names.push(name);
  declare({ test: collect, skip: collect });
  return names;
}

/**
 * Runs the tests that `declare` declares, then ends the program. The exit code does not tell whether tests failed: the
 * report does.
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
  // All again, as a kernel message may have cut a line in two. A record that is repeated counts once.
  for (const line of lines) print(line);
  // A test that took too long may still hold something that would keep the program alive.
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

/** Prints a note for whoever watches the host's console. It does not affect the verdict. */
export function note(text: string): void {
  print(`@note ${text}`);
}

/** Prints a line. The leading newline ends what the kernel may have left unfinished. */
function print(line: string): void {
  const bytes = new TextEncoder().encode(`\n${line}\n`);
  for (let done = 0; done < bytes.length;) {
    done += Deno.stdout.writeSync(bytes.subarray(done));
  }
}
