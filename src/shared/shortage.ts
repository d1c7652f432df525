import { Errno } from "../contract/errno.ts";
import { GrantError } from "../contract/errors.ts";

const NO_PAGES: readonly string[] = ["limit-reached", "kernel-limit-reached", "table-full", "no-space", "no-memory"];

/** Whether an error says that there were too few pages: that may be over when some are given back. */
export function isPageShortage(error: unknown): boolean {
  return error instanceof GrantError && NO_PAGES.includes(error.code);
}

/** Whether an error says that there was no free port: that may be over when one is unbound. */
export function isPortShortage(error: unknown): boolean {
  return error instanceof GrantError && error.code === "port-refused" && error.errno === Errno.ENOSPC;
}
