import type { StoreOperation } from "../contract/store_errors.ts";

/** What a request is about, for errors. */
export interface Subject {
  readonly operation: StoreOperation;
  /** The path that it names, if it names one. */
  readonly path?: string | undefined;
}

/** A subject in words: "read `data/x`", "start a transaction". Long paths are cut. */
export function describe({ operation, path }: Subject): string {
  if (path === undefined) return operation;
  const joint = operation === "list" || operation === "read" || operation === "write" || operation === "remove" ||
      operation === "make" || operation === "watch" || operation === "unwatch"
    ? ""
    : operation === "wait"
    ? "for "
    : "of ";
  return `${operation} ${joint}\`${path.length > 100 ? `${path.slice(0, 100)}…` : path}\``;
}
