/**
 * Event channels through `/dev/xen/evtchn`.
 *
 * Each file has a ring of the ports on which events have arrived. Reading takes ports out of it; each stays masked
 * until it is written back. Reads never block. Waiters are called back when the file is readable: see
 * {@linkcode Libc.whenReadable}.
 *
 * @module
 */

import type { EventBackend, EventFile } from "../../src/contract/backend.ts";
import { Errno } from "../../src/contract/errno.ts";
import { showAs } from "../../src/shared/inspection.ts";
import {
  encodeEvtchn,
  EVTCHN_REQUEST_SIZE,
  IOCTL_EVTCHN_BIND_INTERDOMAIN,
  IOCTL_EVTCHN_BIND_UNBOUND_PORT,
  IOCTL_EVTCHN_BIND_VIRQ,
  IOCTL_EVTCHN_NOTIFY,
  IOCTL_EVTCHN_RESET,
  IOCTL_EVTCHN_UNBIND,
  PORT_SIZE,
} from "./abi/events.ts";
import { closeDevice, openDevice } from "./device.ts";
import { bindError, commonError, type Device, portError, waitError } from "./errors.ts";
import { type FileHoldings, watchFile } from "./leaks.ts";
import type { Libc } from "./libc.ts";
import { ReadableWait } from "./readable_wait.ts";

/** Makes a backend for event channels through the device at `path`. Opens nothing yet. */
export function linuxEventBackend(libc: Libc, path = "/dev/xen/evtchn", warnOfLeaks = false): EventBackend {
  return new LinuxEventBackend({ path, driver: "xen_evtchn", libc, warnOfLeaks });
}

class LinuxEventBackend implements EventBackend {
  static {
    showAs(LinuxEventBackend, "EventBackend", ({ name }) => ({ name }));
  }

  readonly name: string;
  readonly #device: Device;

  constructor(device: Device) {
    this.#device = device;
    this.name = device.path;
  }

  open(): EventFile {
    return new LinuxEventFile(this.#device, openDevice(this.#device, true));
  }
}

/** The most bytes that the kernel returns from one read. */
const READ_SIZE = 4096;
const NOTHING: readonly number[] = Object.freeze([]);

/** For the warning of a file that was dropped. */
const PORTS = { owner: "EventChannels", things: ["port bound", "ports bound"] } as const;

class LinuxEventFile implements EventFile {
  readonly #held: FileHoldings;
  readonly #device: Device;
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #bound = new Set<number>();
  /** Ports that were taken from the kernel's ring and not handed out yet. */
  #taken: number[] = [];
  readonly #wait: ReadableWait;
  readonly #request = new Uint8Array(new ArrayBuffer(EVTCHN_REQUEST_SIZE));
  readonly #requestView = new DataView(this.#request.buffer);
  readonly #port = this.#request.subarray(0, PORT_SIZE);
  readonly #read = new Uint8Array(new ArrayBuffer(READ_SIZE));
  readonly #readView = new DataView(this.#read.buffer);

  constructor(device: Device, fd: number) {
    this.#device = device;
    this.#libc = device.libc;
    this.#fd = fd;
    this.#wait = new ReadableWait((callback) => device.libc.whenReadable(fd, callback));
    this.#held = watchFile(this, device, PORTS);
  }

  bindUnbound(domid: number): number {
    return this.#bind(`bind a port for domain ${domid}`, IOCTL_EVTCHN_BIND_UNBOUND_PORT, domid);
  }

  bindInterdomain(domid: number, remotePort: number): number {
    const doing = `bind port ${remotePort} of domain ${domid}`;
    return this.#bind(doing, IOCTL_EVTCHN_BIND_INTERDOMAIN, domid, remotePort);
  }

  bindVirq(virq: number): number {
    return this.#bind(`bind VIRQ ${virq}`, IOCTL_EVTCHN_BIND_VIRQ, virq);
  }

  #bind(doing: string, request: number, first: number, remotePort?: number): number {
    const port = this.#ioctl(request, first, remotePort);
    if (port < 0) throw bindError(this.#device, doing, -port);
    this.#bound.add(port);
    this.#held.count = this.#bound.size;
    return port;
  }

  notify(port: number): void {
    const result = this.#ioctl(IOCTL_EVTCHN_NOTIFY, port);
    if (result < 0) throw portError(this.#device, "notify", `notify port ${port}`, -result);
  }

  pending(): readonly number[] {
    if (this.#taken.length === 0) {
      const result = this.#take();
      if (result < 0) throw waitError(this.#device, "take events", -result);
      if (this.#taken.length === 0) return NOTHING;
    }
    const ports = this.#taken;
    this.#taken = [];
    return ports;
  }

  unmask(port: number): void {
    this.#requestView.setUint32(0, port, true);
    const result = this.#libc.write(this.#fd, this.#port);
    if (result < 0) throw waitError(this.#device, `unmask port ${port}`, -result);
  }

  whenPending(callback: () => void): () => void {
    const stop = this.#wait.begin(callback, this.#taken.length > 0);
    if (typeof stop === "number") throw waitError(this.#device, "wait for events", -stop);
    return stop;
  }

  reset(): void {
    const result = this.#libc.ioctl(this.#fd, IOCTL_EVTCHN_RESET, this.#request);
    if (result < 0) throw commonError(this.#device, "reset", "drop the events", -result);
    this.#taken = [];
  }

  unbind(port: number): void {
    const result = this.#ioctl(IOCTL_EVTCHN_UNBIND, port);
    if (result < 0) throw portError(this.#device, "unbind", `unbind port ${port}`, -result);
    this.#bound.delete(port);
    this.#held.count = this.#bound.size;
    // The kernel leaves the port in its ring. Once the number is reused, it would be read as an event of the new port.
    this.#taken = this.#taken.filter((taken) => taken !== port);
    while (this.#take() > 0);
    if (this.#taken.length > 0) this.#wait.ready();
  }

  close(): void {
    this.#wait.end();
    this.#held.closed = true;
    closeDevice(this.#device, this.#fd);
  }

  /** Takes ports from the kernel's ring with one read. Returns the number of bytes read, or a negative errno. */
  #take(): number {
    const size = this.#libc.read(this.#fd, this.#read);
    if (size < 0) return size === -Errno.EAGAIN ? 0 : size;
    for (let offset = 0; offset + PORT_SIZE <= size; offset += PORT_SIZE) {
      const port = this.#readView.getUint32(offset, true);
      if (this.#bound.has(port)) this.#taken.push(port);
    }
    return size;
  }

  #ioctl(request: number, first: number, remotePort?: number): number {
    encodeEvtchn(this.#requestView, first, remotePort);
    return this.#libc.ioctl(this.#fd, request, this.#request);
  }
}
