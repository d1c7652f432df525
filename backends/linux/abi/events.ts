/**
 * Encodes the requests of Linux's `/dev/xen/evtchn`, after the public header `<xen/evtchn.h>`. Makes no system calls.
 * As in `grants.ts`, every layout holds for x86-64 and aarch64.
 *
 * A request is one or two 32-bit numbers; one that binds returns the port. `read` returns the ports on which events
 * have arrived, 32 bits each, and `write` takes the ports to unmask.
 *
 * @module
 */

import { MAX_UINT32 } from "../../../src/contract/limits.ts";
import { fitting, ioc } from "./fields.ts";

/** Request number to bind a virtual interrupt. The request is its number. */
export const IOCTL_EVTCHN_BIND_VIRQ = ioc("E", 0, 4);
/** Request number to bind to a port of another domain. The request is the domid and the port. */
export const IOCTL_EVTCHN_BIND_INTERDOMAIN = ioc("E", 1, 8);
/** Request number to allocate a port for another domain. The request is the domid. */
export const IOCTL_EVTCHN_BIND_UNBOUND_PORT = ioc("E", 2, 4);
/** Request number to unbind a port. The request is the port. */
export const IOCTL_EVTCHN_UNBIND = ioc("E", 3, 4);
/** Request number to send an event. The request is the port. */
export const IOCTL_EVTCHN_NOTIFY = ioc("E", 4, 4);
/** Request number to empty the ring of events, and to end the error of a full one. The request is empty. */
export const IOCTL_EVTCHN_RESET = ioc("E", 5, 0);

/** Bytes of the largest request. */
export const EVTCHN_REQUEST_SIZE = 8;
/** Bytes of a port in `read` and `write`. */
export const PORT_SIZE = 4;

/**
 * Writes a request.
 *
 * ```text
 * 0                 4                 8
 * | domid, port     | remote port     |    the second one only for IOCTL_EVTCHN_BIND_INTERDOMAIN
 * | or VIRQ         |
 * ```
 *
 * @throws {RangeError} if a value does not fit its field.
 */
export function encodeEvtchn(view: DataView, first: number, remotePort?: number): void {
  view.setUint32(0, fitting("number", first, MAX_UINT32), true);
  if (remotePort !== undefined) view.setUint32(4, fitting("remote port", remotePort, MAX_UINT32), true);
}
