/**
 * The requests of Linux's `/dev/xen/evtchn` as bytes, after the public header `<xen/evtchn.h>`. Pure: no system is called
 * here. As in `abi.ts`, every layout holds for x86-64 and aarch64 alike.
 *
 * A request is one or two numbers of 32 bits; those that bind return the port. `read` gives ports of 32 bits each on which
 * events have come, and `write` takes those to unmask.
 *
 * @module
 */

import { fitting, ioc } from "./fields.ts";

/** Request number to bind a virtual interrupt; the request is its number. */
export const IOCTL_EVTCHN_BIND_VIRQ = ioc("E", 0, 4);
/** Request number to bind to another domain's port; the request is its domid and the port. */
export const IOCTL_EVTCHN_BIND_INTERDOMAIN = ioc("E", 1, 8);
/** Request number to make a port for another domain; the request is its domid. */
export const IOCTL_EVTCHN_BIND_UNBOUND_PORT = ioc("E", 2, 4);
/** Request number to unbind; the request is the port. */
export const IOCTL_EVTCHN_UNBIND = ioc("E", 3, 4);
/** Request number to send an event; the request is the port. */
export const IOCTL_EVTCHN_NOTIFY = ioc("E", 4, 4);

/** Bytes of the largest request. */
export const EVTCHN_REQUEST_SIZE = 8;
/** Bytes of a port, where ports are read or written. */
export const PORT_SIZE = 4;

/**
 * Writes a request.
 *
 * ```text
 * 0                 4                 8
 * | domid, port     | remote port     |    the second one for IOCTL_EVTCHN_BIND_INTERDOMAIN alone
 * | or VIRQ         |
 * ```
 *
 * @throws {RangeError} if a value does not fit its field.
 */
export function encodeEvtchn(view: DataView, first: number, remotePort?: number): void {
  view.setUint32(0, fitting("number", first, 0xffffffff), true);
  if (remotePort !== undefined) view.setUint32(4, fitting("remote port", remotePort, 0xffffffff), true);
}
