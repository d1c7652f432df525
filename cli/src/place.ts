import type { XenDomain } from "@gntalloc/gntalloc";
import { MockXen } from "@gntalloc/gntalloc/mock";
import { UsageError } from "./exit.ts";
import { readText } from "./files.ts";
import type { Host } from "./host.ts";
import { paletteOf } from "./palette.ts";
import { realDomain } from "./real_domain.ts";
import { withSession } from "./script/session.ts";
import { parseScript, START, type Statement } from "./script/statement.ts";
import type { World } from "./script/world.ts";
import { readDomid } from "./values.ts";

/** Options that say where a command runs. */
export interface PlaceOptions {
  readonly mock?: boolean;
  readonly as?: string;
  readonly script?: string;
  readonly line?: readonly string[];
}

/** Where a command runs: in this domain, or in one of a simulated Xen. */
export interface Place {
  readonly domain: XenDomain;
  /** The simulated machine, if it is one. */
  readonly xen: MockXen | undefined;
}

/** Makes a simulated Xen that has the domains of a script from the start: XenStore ignores the rights of others. */
export function machineFor(statements: readonly Statement[]): MockXen {
  const xen = new MockXen();
  for (const { domid } of statements) if (domid !== undefined) xen.domain(domid);
  return xen;
}

/** A simulated Xen, as scripts see it. */
export function mockWorld(xen: MockXen): World {
  return {
    xen,
    start(domid) {
      if (domid === undefined) {
        return Promise.reject(new UsageError("Cannot run it as it names no domain. Begin the line with one: `1: …`."));
      }
      const program = xen.domain(domid).process();
      return Promise.resolve({ domid, domain: program, kill: () => program.kill() });
    },
  };
}

/** Reads `--script` and `--line`. Returns `undefined` if there is neither. */
export function readStatements({ script, line = [] }: PlaceOptions): Statement[] | undefined {
  if (script === undefined && line.length === 0) return undefined;
  const ofFile = script === undefined ? [] : parseScript(readText(script, "the script"), script);
  return [...ofFile, ...parseScript(line.join("\n"), "--line")];
}

/** Refuses what waits for another side on a simulated Xen on which there is none. */
export function checkHasPeer({ mock, script, line }: PlaceOptions, what: string, ...example: readonly string[]): void {
  if (!mock || script !== undefined || line !== undefined) return;
  throw new UsageError(
    `Cannot ${what} as there is nobody else on this simulated Xen. Let a script play the other side: ` +
      example.map((line) => `--line '${line}'`).join(" ") + ".",
  );
}

/** Splits a script at `start`. Without it, all of it comes before the command. */
function splitAtStart(statements: readonly Statement[]): { before: readonly Statement[]; after: readonly Statement[] } {
  const at = statements.findIndex(({ verb }) => verb === START);
  if (at < 0) return { before: statements, after: [] };
  const after = statements.slice(at + 1);
  if (after.some(({ verb }) => verb === START)) {
    throw new UsageError("Cannot run the script as it has `start` more than once.");
  }
  return { before: statements.slice(0, at), after };
}

/** What a command gets to run. */
export interface Performance {
  readonly place: Place;
  /** Aborted by a signal of the system, or an error of the script. */
  readonly signal: AbortSignal;
  /**
   * Starts what the script does while the command runs: call it when the command is ready for it. Returns the end of
   * the script, or `undefined` if there is nothing to do. Further calls return the same.
   */
  play(): Promise<void> | undefined;
  /**
   * Starts the script, if that has not been done. Returns the end of all that others do on a simulated Xen, after which
   * there is nothing to wait for; `undefined` on a real Xen, where nobody knows that.
   */
  alone(): Promise<void> | undefined;
}

/**
 * Runs a command at its place: beside the script, and to its end. An error of the script ends the command.
 *
 * @param usual The domain in which the command runs on a simulated Xen, unless `--as` says otherwise.
 */
export async function at(
  host: Host,
  options: PlaceOptions,
  usual: number,
  body: (performance: Performance) => Promise<void>,
): Promise<void> {
  const statements = readStatements(options);
  if (!options.mock && statements === undefined) {
    if (options.as !== undefined) {
      throw new UsageError("Cannot use --as without --mock: a real domain has its own number.");
    }
    return await perform(host, { domain: await realDomain(), xen: undefined }, undefined, body);
  }
  const xen = machineFor(statements ?? []);
  const domain = xen.domain(options.as === undefined ? usual : readDomid(options.as, "--as"));
  const { before, after } = splitAtStart(statements ?? []);
  const say = (line: string) => host.note(line);
  await withSession(mockWorld(xen), { say, palette: paletteOf(false), signal: host.signal }, async (session) => {
    await session.run(before);
    await perform(host, { domain, xen }, after.length === 0 ? undefined : () => session.run(after), body);
  });
}

/** @param script Runs what the script does while the command runs. `undefined` if that is nothing. */
async function perform(
  host: Host,
  place: Place,
  script: (() => Promise<void>) | undefined,
  body: (performance: Performance) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([host.signal, failed.signal]);
  let played: Promise<void> | undefined;
  const play = () => {
    if (played === undefined && script !== undefined) {
      played = script();
      played.catch((error) => failed.abort(error));
    }
    return played;
  };
  const alone = () => place.xen === undefined ? undefined : Promise.resolve(play());
  await body({ place, signal, play, alone });
  await play();
}
