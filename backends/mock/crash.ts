import { GrantError, type GrantOperation } from "../../src/contract/errors.ts";

/**
 * The error of a call that crashes Linux's kernel, because the domain was restored since.
 *
 * @param what What was done before.
 * @param wayOut What to do instead, as sentences.
 */
export function crash(operation: GrantOperation, what: string, domid: number, wayOut: string): GrantError {
  return new GrantError(
    `Cannot ${operation}: ${what} before the domain, ${domid} now, was restored, and Linux's kernel crashes here. ` +
      wayOut,
    { code: "backend-failed", operation },
  );
}
