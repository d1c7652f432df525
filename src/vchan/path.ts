/**
 * Where a server publishes what its clients need.
 *
 * @module
 */
import { ArgumentRangeError, ArgumentTypeError } from "../contract/argument_error.ts";
import { checkInteger, show } from "../contract/checks.ts";
import { LONGEST_RELATIVE, relativeLength } from "../xenstore/paths.ts";

/** The highest port that fits an `int` in C. */
const MAX_PORT = 2 ** 31 - 1;
/** The longest path behind `/local/domain/N/`, in characters, whose nodes XenStore takes. */
const LONGEST = LONGEST_RELATIVE - "/event-channel".length;
/** The longest path, in bytes, whose keys fit the buffers of libxenvchan. It cuts longer ones without a word. */
export const LONGEST_FOR_C = 49;

const PATH = /^\/?[A-Za-z0-9_-][A-Za-z0-9_@-]*(\/[A-Za-z0-9_@-]+)*$/;

/**
 * Returns the absolute path of a channel.
 *
 * @param what The operation, for the message: "listen".
 * @param path A port, a name, a path below the home of the server, or an absolute path.
 * @throws {TypeError} if it is neither a string nor a number.
 * @throws {RangeError} if it cannot be a path.
 */
export function resolvePath(what: string, path: unknown, server: number, client: number): string {
  if (typeof path === "number") checkInteger(what, "`path`", path, 0, MAX_PORT);
  else if (typeof path !== "string") {
    throw new ArgumentTypeError(
      `Cannot ${what} as \`path\` must be a string or a port: current value is ${show(path)}`,
    );
  } else if (!PATH.test(path)) {
    throw new ArgumentRangeError(
      `Cannot ${what} as \`path\` must be a name, or names joined by \`/\`, of the characters A-Z, a-z, 0-9, -, _ ` +
        `and @: current value is ${show(path)}`,
    );
  }
  const text = String(path);
  const absolute = absolutePath(text, server, client);
  const length = relativeLength(absolute);
  if (length > LONGEST) {
    throw new ArgumentRangeError(
      `Cannot ${what} as \`path\` must have at most ${LONGEST} characters behind \`/local/domain/N/\`, with what ` +
        `a name stands for: current value has ${length}`,
    );
  }
  return absolute;
}

function absolutePath(path: string, server: number, client: number): string {
  if (path.startsWith("/")) return path;
  const home = `/local/domain/${server}`;
  return path.includes("/") ? `${home}/${path}` : `${home}/data/vchan/${client}/${path}`;
}

/** What to add to an error about a path that a peer in C cannot have; nothing if it can. */
export function hintForC(path: string): string {
  if (path.length <= LONGEST_FOR_C) return "";
  return ` A server in C cannot be there: libxenvchan cuts paths after ${LONGEST_FOR_C} bytes, and this one has ` +
    `${path.length}.`;
}
