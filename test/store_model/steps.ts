/**
 * A step of a run: something that a program does on a machine with a few domains. In a trace, numbers of programs and
 * watches count from the newest backwards, and wrap around.
 */
export type Step =
  | { do: "start"; domid: number; socket: boolean }
  | { do: "kill"; program: number }
  | { do: "close"; program: number }
  | { do: "destroy"; domid: number }
  /** Makes a request, in the open transaction of the program if `inside` is true. */
  | { do: "request"; program: number; inside: boolean; relative: boolean; request: Request }
  | { do: "begin"; program: number }
  | { do: "end"; program: number; commit: boolean }
  | { do: "watch"; program: number; path: string; relative: boolean }
  | { do: "unwatch"; watch: number };

/** A request about a node. */
export type Request =
  | { op: "read" | "list" | "permissions" | "make" | "remove"; path: string }
  | { op: "write"; path: string; value: string }
  | { op: "set permissions"; path: string; permissions: Entry[] };

/** An entry in the permissions of a node. */
export interface Entry {
  domid: number;
  access: "none" | "read" | "write" | "both";
}

/** The nodes of a run, all of which are compared. Those above the first three belong to domain 0. */
export const TOPS = ["/shared", "/local/domain/1/data", "/local/domain/2/data"] as const;
export const PATHS: readonly string[] = TOPS.flatMap((top) =>
  ["", "/a", "/a/b", "/a/b/c", "/d"].map((below) => `${top}${below}`)
);

/** The domains that come and go. */
export const GUESTS = [1, 2] as const;

/** The path as a domain writes it: relative if it can and should be. */
export function pathFor(path: string, domid: number, relative: boolean): string {
  const home = `/local/domain/${domid}/`;
  return relative && path.startsWith(home) ? path.slice(home.length) : path;
}
