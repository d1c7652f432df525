import { GrantError } from "../../src/contract/errors.ts";
import type { UnmapNotify } from "../../src/contract/backend.ts";
import type { MockDomain } from "./domain.ts";
import { type Port, send } from "./port_table.ts";

/** The number of Linux's error for a port that is not bound. */
const EINVAL = 22;

/** An unmap notify that is set. It holds its port, which so outlives its unbinding until the notify has fired. */
export interface SetNotify {
  /** The byte to be cleared. */
  readonly clearByte?: number | undefined;
  /** The port on which to send an event. */
  readonly port?: Port | undefined;
}

/** That nothing is to happen. */
export const NO_NOTIFY: SetNotify = Object.freeze({});

/**
 * Sets a notify in place of another one, and gives it.
 *
 * @throws {GrantError} `notify-refused` if the port is not bound; the old one stays.
 */
export function replaceNotify(domain: MockDomain, old: SetNotify, notify: UnmapNotify): SetNotify {
  const { clearByte, eventPort } = notify;
  let port: Port | undefined;
  if (eventPort !== undefined) {
    port = domain.eventChannels.get(eventPort);
    if (!port) throw refused(`no event channel of domain ${domain.domid} is bound to port ${eventPort}`);
    port.holders++;
  }
  if (old.port) domain.eventChannels.release(old.port);
  return { clearByte, port };
}

/** Sends the event of a notify, if it has one, and lets go of its port. */
export function sendNotify(domain: MockDomain, { port }: SetNotify): void {
  if (!port) return;
  send(port);
  domain.eventChannels.release(port);
}

/** The error that a notify cannot be set. */
export function refused(reason: string): GrantError {
  return new GrantError(`Cannot set the unmap notify as ${reason}`, {
    code: "notify-refused",
    operation: "notify",
    errno: EINVAL,
  });
}
