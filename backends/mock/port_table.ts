import { GrantError } from "../../src/contract/errors.ts";
import type { MockDomain } from "./domain.ts";

/** The errors' numbers on Linux. */
const ESRCH = 3;
const EEXIST = 17;
const EINVAL = 22;
const ENOSPC = 28;

/** Xen's timer and debugging events go to a kernel itself (`VIRQ_TIMER` and `VIRQ_DEBUG` of Xen's public headers). */
const KERNELS_VIRQS: readonly number[] = [0, 1];

/** Who is told when an event comes to a port: the file through which it was bound. */
export interface PortFile {
  came(port: Port): void;
}

/** One end of an event channel. */
export interface Port {
  /** Its number in its domain. */
  readonly number: number;
  /** The domain that is, or may be, at the other end; none for Xen's own events. */
  readonly domid: number | undefined;
  /** Which of Xen's events come here, if they are such. */
  readonly virq: number | undefined;
  /** The other end, while one is bound. */
  remote: Port | undefined;
  /** The file through which it was bound; none once it was unbound, while an unmap notify holds it. */
  file: PortFile | undefined;
  /** An event has come, and the domain has not been told yet. */
  pending: boolean;
  /** The domain is not to be told. */
  masked: boolean;
  /** Who needs it: its file, and each unmap notify that names it. */
  holders: number;
}

/** The event channels of one domain. */
export class EventChannels {
  readonly #domain: MockDomain;
  /** The highest number that a port may have. */
  readonly #limit: number;
  readonly #ports = new Map<number, Port>();
  /** No port below this one is free. */
  #lowest = 1;

  constructor(domain: MockDomain, limit: number) {
    this.#domain = domain;
    this.#limit = limit;
  }

  /** Makes a port to which a domain, which need not be there, may bind. */
  bindUnbound(domid: number, file: PortFile): Port {
    return this.#add(domid, undefined, file);
  }

  /** Makes a port that is bound to one of another domain's. */
  bindInterdomain(domid: number, remotePort: number, file: PortFile): Port {
    const domain = this.#domain;
    const other = domain.xen.find(domid);
    if (!other) throw refused(`there is no domain ${domid}`, ESRCH);
    const remote = other.eventChannels.get(remotePort);
    if (!remote) throw refused(`domain ${domid} has no port ${remotePort}`, EINVAL);
    if (remote.domid !== domain.domid) {
      const whom = remote.domid === undefined ? "Xen's own events" : `domain ${remote.domid}`;
      throw refused(
        `port ${remotePort} of domain ${domid} is for ${whom}, and this is domain ${domain.domid}`,
        EINVAL,
      );
    }
    if (remote.remote) throw refused(`port ${remotePort} of domain ${domid} is bound already`, EINVAL);
    const port = this.#add(domid, undefined, file);
    port.remote = remote;
    remote.remote = port;
    // The other end may have sent events while nobody was bound to it: Xen makes up for them by one.
    arrive(port);
    return port;
  }

  /** Makes a port for Xen's own events. */
  bindVirq(virq: number, file: PortFile): Port {
    const { domid } = this.#domain;
    if (KERNELS_VIRQS.includes(virq)) throw refused(`the kernel of domain ${domid} takes VIRQ ${virq} itself`, EEXIST);
    for (const port of this.#ports.values()) {
      if (port.virq === virq) throw refused(`VIRQ ${virq} is bound to port ${port.number} of domain ${domid}`, EEXIST);
    }
    return this.#add(undefined, virq, file);
  }

  #add(domid: number | undefined, virq: number | undefined, file: PortFile): Port {
    // The lowest free number, as Xen gives; 0 is reserved.
    while (this.#ports.has(this.#lowest)) this.#lowest++;
    const number = this.#lowest;
    if (number > this.#limit) {
      throw refused(
        `domain ${this.#domain.domid} has ${this.#limit} event channels, and may not have more: unbind some, or give the ` +
          `machine more \`eventChannels\``,
        ENOSPC,
      );
    }
    const port = { number, domid, virq, remote: undefined, file, pending: false, masked: false, holders: 1 };
    this.#ports.set(number, port);
    return port;
  }

  /** The port with a number, if there is one. */
  get(number: number): Port | undefined {
    return this.#ports.get(number);
  }

  /** All ports. */
  ports(): Iterable<Port> {
    return this.#ports.values();
  }

  /** Lets go of a port: it is closed when nobody holds it any more. Its other end becomes unbound. */
  release(port: Port): void {
    if (--port.holders === 0) this.#close(port);
  }

  #close(port: Port): void {
    this.#ports.delete(port.number);
    this.#lowest = Math.min(this.#lowest, port.number);
    port.file = undefined;
    if (port.remote) port.remote.remote = undefined;
    port.remote = undefined;
  }

  /** Closes all, whoever holds them: for a domain that is destroyed. */
  closeAll(): void {
    for (const port of this.#ports.values()) this.#close(port);
  }

  /** Sends one of Xen's own events. */
  raise(virq: number): void {
    for (const port of this.#ports.values()) if (port.virq === virq) arrive(port);
  }
}

/** Sends an event to the other end of a port, if anybody is bound there. */
export function send(port: Port): void {
  if (port.remote) arrive(port.remote);
}

/** An event comes to a port. While one is pending, others are merged with it. */
function arrive(port: Port): void {
  port.pending = true;
  deliver(port);
}

/** Unmasks a port: an event that came meanwhile is delivered. */
export function unmask(port: Port): void {
  port.masked = false;
  deliver(port);
}

/** As the driver's interrupt handler: masks the port, and puts it on the list of its file. */
function deliver(port: Port): void {
  if (!port.pending || port.masked || !port.file) return;
  port.pending = false;
  port.masked = true;
  port.file.came(port);
}

function refused(reason: string, errno: number): GrantError {
  return new GrantError(`Cannot bind an event channel as ${reason}`, {
    code: "port-refused",
    operation: "bind",
    errno,
  });
}
