import { VchanError } from "./errors.ts";

/** The error of a call that waits for a client of a server that was closed. */
export function closedError(path: string): VchanError {
  return new VchanError(`Cannot accept: the server at ${path} was closed. Listen again.`, {
    code: "closed",
    operation: "accept",
  });
}

/**
 * The error of a call that has waited too long for a client.
 *
 * @param hasClient Whether one has come.
 */
export function lateError(domid: number, path: string, timeout: number, hasClient: boolean): VchanError {
  const reason = hasClient
    ? `XenStore has not answered within ${timeout} ms, so the client of domain ${domid} that has come to ${path} is ` +
      "not served yet. Call `accept()` again."
    : `no client of domain ${domid} has come to ${path} within ${timeout} ms. See whether it runs and uses the same ` +
      "path, or raise `timeout`.";
  return new VchanError(`Cannot accept: ${reason}`, { code: "timed-out", operation: "accept" });
}
