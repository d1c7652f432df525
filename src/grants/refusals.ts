/**
 * The errors by which the books refuse an operation.
 *
 * @module
 */
import type { Core, FileAddress } from "../../wasm/core.ts";
import { GrantError, type GrantErrorCode, type GrantOperation } from "../contract/errors.ts";
import { pages, pagesFrom } from "../contract/messages.ts";

type Books = Core["books"];

/**
 * There would be more pages than the limit allows.
 *
 * @param limitName Where the limit of the backend is raised; `undefined` if the limit is the device's own.
 */
export function limitReached(books: Books, count: number, limitName: string | undefined): GrantError {
  const limit = books.limit();
  const live = books.live();
  const pending = books.pending();
  const held = pending ? `, ${pending} of them freed but still mapped by the peer or not ended yet` : "";
  const wayOut = count > limit ? "Allocate fewer" : pending === live ? "Have the peers unmap theirs" : "Free pages";
  return refused(
    limitName === undefined ? "limit-reached" : "kernel-limit-reached",
    "allocate",
    `${pages(count)}: the limit is ${limit} and ${live} ${live === 1 ? "is" : "are"} in use${held}. ` +
      `${wayOut}, or raise ${limitName ?? "`limit` of the device"}`,
  );
}

/** Not all pages of a run are listed. */
export function notFound(
  books: Books,
  operation: GrantOperation,
  file: FileAddress,
  page: number,
  count: number,
): GrantError {
  const next = books.fileNext(file);
  let missing = page;
  while (books.find(file, missing, 1)) missing++;
  const which = count === 1 ? "it" : `page ${missing}`;
  const reason = missing < next
    ? `${which} was freed before`
    : `${which} was never allocated. The next page will have index ${next}`;
  return refused("not-found", operation, `${pagesFrom(page, count)}: ${reason}`);
}

/** Out of memory. `what` is the object of the operation, and `forWhat` is what needs the memory. */
export function outOfMemory(operation: GrantOperation, what: string, forWhat: string): GrantError {
  return refused("no-memory", operation, `${what}: there is no memory for ${forWhat}`);
}

function refused(code: GrantErrorCode, operation: GrantOperation, reason: string): GrantError {
  const what = operation === "notify" ? "set the unmap notify of" : operation;
  return new GrantError(`Cannot ${what} ${reason}.`, { code, operation });
}
