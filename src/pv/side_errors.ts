import { PvError } from "./errors.ts";
import type { SideNames } from "./side_names.ts";
import { nameOf, type XenbusState } from "./xenbus_state.ts";

/** Whether an error is a {@linkcode PvError} with a code. */
export function isPvError(error: unknown, code: PvError["code"]): boolean {
  return error instanceof PvError && error.code === code;
}

/** The error of a device that is not there any more. */
export function goneError(what: string, { device, peer }: SideNames): PvError {
  return new PvError(
    `Cannot ${what} ${device}: the device or ${peer} is not there any more. The toolstack has removed it, or a ` +
      "domain has ended.",
    { code: "gone", operation: what },
  );
}

/** The error of a device that was closed here. */
export function closedError(what: string, { device }: SideNames): PvError {
  return new PvError(`Cannot ${what} ${device}: it was closed here. Open it again.`, {
    code: "closed",
    operation: what,
  });
}

/** The error of a device whose other side ends. */
export function closingError(what: string, { device, peer, wayOut }: SideNames, peerState: XenbusState): PvError {
  return new PvError(
    `Cannot ${what} ${device}: ${peer} is at ${nameOf(peerState)}, so it ends the connection, or refuses it. ` +
      `${wayOut}.`,
    { code: "closing", operation: what },
  );
}

/** The error of a change that comes after this side has begun to end. */
export function endingError(what: string, { device }: SideNames): PvError {
  return new PvError(`Cannot ${what} ${device}: this program has begun to end the connection. Begin another one.`, {
    code: "closing",
    operation: what,
  });
}

/** The error of a device that the toolstack removes. */
export function removingError(what: string, { device, path }: SideNames): PvError {
  return new PvError(`Cannot ${what} ${device}: the toolstack removes it, as ${path}/state says. End the connection.`, {
    code: "closing",
    operation: what,
  });
}

/** @param how What shows that another program drives it: "its state is Closed (6), and not Connected (4)". */
export function takenError(what: string, { device }: SideNames, how: string): PvError {
  return new PvError(
    `Cannot ${what} ${device}: ${how} as this program has left it. Another program drives it now: stop one of them.`,
    { code: "taken", operation: what },
  );
}

/** The error of another side that takes too long. */
export function lateError(
  what: string,
  { device, peer, wayOut }: SideNames,
  timeout: number,
  peerState: XenbusState,
  goal: string,
): PvError {
  return new PvError(
    `Cannot ${what} ${device} within ${timeout} ms: ${peer} is at ${nameOf(peerState)} instead of ${goal}. ` +
      `${wayOut}, or raise \`timeout\`.`,
    { code: "timed-out", operation: what },
  );
}
