/**
 * The errors by which the books refuse an operation.
 *
 * @module
 */
import type { Core, FileAddress } from "../../wasm/core.ts";
import { GrantError, type GrantErrorCode, type GrantOperation } from "../contract/errors.ts";
import { pages, pagesFrom, sentence } from "../contract/messages.ts";

type Books = Core["books"];

/**
 * There would be more pages than the limit allows.
 *
 * @param freedMapped How many live pages are freed, but still mapped here.
 * @param limitName Where the limit of the backend is raised; `undefined` if the limit is the device's own.
 */
export function limitReached(
  books: Books,
  count: number,
  freedMapped: number,
  limitName: string | undefined,
): GrantError {
  const limit = books.limit();
  const live = books.live();
  const pending = books.pending();
  const freed = freedPages(freedMapped, pending).map((held) => `, ${held}`).join("");
  const waysOut = count > limit ? ["Allocate fewer"] : waysToFree(freedMapped, pending, live);
  return refused(
    limitName === undefined ? "limit-reached" : "kernel-limit-reached",
    "allocate",
    `${pages(count)}: the limit is ${limit} and ${live} ${live === 1 ? "is" : "are"} in use${freed}. ` +
      `${waysOut.join(", ")}, or raise ${limitName ?? "`limit` of the device"}`,
  );
}

/** What keeps freed pages alive, for messages. */
function freedPages(freedMapped: number, pending: number): string[] {
  return [
    ...(freedMapped > 0 ? [`${freedMapped} of them freed but still mapped here`] : []),
    ...(pending > 0 ? [`${pending} of them freed but still mapped by the peer or not ended yet`] : []),
  ];
}

/** What to do to get room for pages, as the items of a list that begins a sentence. */
function waysToFree(freedMapped: number, pending: number, live: number): string[] {
  const ways = [
    ...(freedMapped > 0 ? ["unmap the freed ones that are mapped here"] : []),
    ...(pending > 0 ? ["have the peers unmap theirs"] : []),
    ...(freedMapped + pending < live ? ["free pages"] : []),
  ];
  return ways.map((way, index) => index === 0 ? way[0]!.toUpperCase() + way.slice(1) : way);
}

/** Whether an error says that there is no room for pages. */
export function isAboutRoom({ code }: GrantError): boolean {
  return code === "limit-reached" || code === "kernel-limit-reached" || code === "table-full" || code === "no-space";
}

/** Adds to a backend's refusal of pages how many of this device's pages are freed but not gone. */
export function withFreed(error: GrantError, freedMapped: number, pending: number): GrantError {
  const { code, operation, errno, message } = error;
  if (freedMapped + pending === 0 || !isAboutRoom(error)) return error;
  const ways = waysToFree(freedMapped, pending, freedMapped + pending).join(", and ");
  return new GrantError(
    `${sentence(message)} This device still holds ${pages(freedMapped + pending)}, ${
      freedPages(freedMapped, pending).join(", ")
    }. ${ways}.`,
    { code, operation, errno, cause: error },
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
