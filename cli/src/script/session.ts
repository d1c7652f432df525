import { parseArgs } from "node:util";
import { UsageError } from "../exit.ts";
import type { Palette } from "../palette.ts";
import { releasing } from "../release.ts";
import { Side } from "./side.ts";
import type { Statement } from "./statement.ts";
import { StatementError } from "./statement_error.ts";
import { signatureOf } from "./verb.ts";
import { VERBS } from "./verbs.ts";
import type { World } from "./world.ts";

/** What a session needs beside the world. */
export interface SessionOptions {
  /** Takes a line for each statement that says what happened. */
  say(line: string): Promise<void>;
  readonly palette: Palette;
  /** Ends what waits. */
  readonly signal: AbortSignal;
}

/** Runs a body with a session, which is closed at the end. */
export function withSession<Result>(
  world: World,
  options: SessionOptions,
  body: (session: Session) => Promise<Result>,
): Promise<Result> {
  const session = new Session(world, options);
  return releasing(() => session.close(), () => body(session));
}

/** Runs the statements of scripts, and holds what they hold. */
export class Session {
  readonly #world: World;
  readonly #options: SessionOptions;
  readonly #sides = new Map<number | undefined, Promise<Side>>();

  constructor(world: World, options: SessionOptions) {
    this.#world = world;
    this.#options = options;
  }

  /** Runs statements one after the other. The first error ends it, unless the statement expects it. */
  async run(statements: readonly Statement[], then: () => Promise<void> = async () => {}): Promise<void> {
    for (const statement of statements) {
      this.#options.signal.throwIfAborted();
      await this.#runOne(statement);
      await then();
    }
  }

  /** Releases everything on all sides. Throws the first error, after all is done. */
  async close(): Promise<void> {
    const sides = [...this.#sides.values()].reverse();
    this.#sides.clear();
    const results: PromiseSettledResult<void>[] = [];
    for (const side of sides) results.push(...await Promise.allSettled([side.then((one) => one.close())]));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  async #runOne(statement: Statement): Promise<void> {
    const { fails, line, text } = statement;
    let code: string;
    try {
      await this.#call(statement);
      code = "";
    } catch (error) {
      code = (error as { code?: string }).code ?? "";
      if (fails === undefined || code !== fails) throw new StatementError(line, text, error);
      await this.#options.say(`${prefixOf(statement.domid)}fails with ${code}, as expected`);
    }
    if (fails !== undefined && code === "") {
      throw new Error(`Line ${line} of the script must fail with ${fails}, and did not: ${text}`);
    }
  }

  async #call({ domid, verb, words }: Statement): Promise<void> {
    const known = Object.hasOwn(VERBS, verb) ? VERBS[verb]! : undefined;
    if (known === undefined) {
      throw new UsageError(
        `Cannot run it as there is no verb "${verb}". \`gntalloc run --help\` lists them.`,
      );
    }
    const { args, options } = readWords(verb, known.usage, words);
    const side = await this.#side(domid);
    await known.run({
      side,
      args,
      options,
      world: this.#world,
      palette: this.#options.palette,
      signal: this.#options.signal,
      sideOf: (other) => this.#side(other),
      say: (text) => this.#options.say(`${prefixOf(domid)}${text}`),
    });
  }

  #side(domid: number | undefined): Promise<Side> {
    let side = this.#sides.get(domid);
    if (side === undefined) {
      side = this.#world.start(domid).then((program) => new Side(program));
      this.#sides.set(domid, side);
    }
    return side;
  }
}

function prefixOf(domid: number | undefined): string {
  return domid === undefined ? "" : `${domid}: `;
}

/** Reads the words behind a verb by its usage. */
function readWords(verb: string, usage: string, words: readonly string[]) {
  const { least, most, options, required } = signatureOf(usage);
  const wrong = (why: string) => new UsageError(`Cannot run it as ${why}. Usage: ${verb} ${usage}`.trimEnd());
  let parsed;
  try {
    parsed = parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    throw wrong(faultOfOption(error));
  }
  const { positionals, values } = parsed;
  if (positionals.length < least) throw wrong(`${argumentsText(least - positionals.length)} missing`);
  if (positionals.length > most) throw wrong(`${argumentsText(positionals.length - most)} too many`);
  const missing = required.find((name) => values[name] === undefined);
  if (missing !== undefined) throw wrong(`--${missing} is missing`);
  return { args: positionals, options: values as Readonly<Record<string, string | boolean | undefined>> };
}

function argumentsText(count: number): string {
  return count === 1 ? "an argument is" : `${count} arguments are`;
}

/** What is wrong with an option, of which the parser's error has the name. */
function faultOfOption(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const [option = "an option"] = /--?[\w-]+/.exec(message) ?? [];
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") return `there is no option ${option}`;
  return / does not take /.test(message) ? `${option} takes no value` : `${option} needs a value`;
}
