import type { UnmapNotify } from "../../src/contract/backend.ts";
import { Errno } from "../../src/contract/errno.ts";
import { GrantError } from "../../src/contract/errors.ts";
import type { Port, PortTable } from "./port_table.ts";

/** An unmap notify that is set. It holds its port: one that is unbound before the notify fires is closed afterwards. */
export interface SetNotify {
  /** The byte to clear. */
  readonly clearByte?: number | undefined;
  /** The port on which to send an event. */
  readonly port?: Port | undefined;
}

/** A notify that does nothing. */
export const NO_NOTIFY: SetNotify = Object.freeze({});

/**
 * Sets a notify in place of another one, and returns it.
 *
 * @throws {GrantError} `notify-refused` if the port is not bound; the old notify stays.
 */
export function replaceNotify(ports: PortTable, old: SetNotify, notify: UnmapNotify): SetNotify {
  const { clearByte, eventPort } = notify;
  let port: Port | undefined;
  if (eventPort !== undefined) {
    port = ports.get(eventPort);
    if (!port) throw refused(`port ${eventPort} of domain ${ports.domid} is not bound. Bind an event channel to it`);
    port.holders++;
  }
  if (old.port) ports.release(old.port);
  return { clearByte, port };
}

/** Sends the event of a notify, if it has one, and releases its port. */
export function sendNotify(ports: PortTable, { port }: SetNotify): void {
  if (!port) return;
  ports.send(port);
  ports.release(port);
}

/** The error of a notify that cannot be set. */
export function refused(reason: string): GrantError {
  return new GrantError(`Cannot set the unmap notify: ${reason}.`, {
    code: "notify-refused",
    operation: "notify",
    errno: Errno.EINVAL,
  });
}
