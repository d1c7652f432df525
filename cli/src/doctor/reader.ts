/**
 * What `doctor` learns its facts through. Checks know nothing else, so that a test can show them a system on which one
 * thing is broken.
 *
 * @module
 */

/** Why a fact cannot be had: the system's name of an error such as `ENOENT`, or a code of the library. */
export interface Problem {
  readonly code: string;
  readonly message: string;
}

/** Reads facts about this system, and changes nothing. */
export interface Reader {
  /** `linux`, as `process.platform` says it. */
  readonly platform: string;
  readonly runtime: { readonly name: "Deno" | "Node"; readonly version: string };
  /** How koffi is installed for this program, on Node. */
  readonly koffi: string;
  /** Whether the user is root. */
  readonly isRoot: boolean;
  /** The release of the kernel, or `undefined`. */
  readonly kernel: string | undefined;
  /** Reads a text file, without the white space around it. */
  text(path: string): Promise<string | Problem>;
  /** Tries whether this process may read and write a file. */
  access(path: string): Promise<Problem | undefined>;
  /** Runs a command that only reads, and returns what it prints; `undefined` if it cannot be run. */
  command(name: string, args: readonly string[]): Promise<string | undefined>;
  /** Tries whether functions of the C library can be called. */
  ffi(): Promise<Problem | undefined>;
  /** Asks XenStore for the number of this domain. */
  domid(): Promise<number | Problem>;
}

/** Whether a fact could not be had. */
export function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "code" in value && "message" in value;
}
