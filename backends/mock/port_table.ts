import { Errno } from "../../src/contract/errno.ts";
import { GrantError } from "../../src/contract/errors.ts";

/** `VIRQ_TIMER` and `VIRQ_DEBUG` of Xen's public headers, which a kernel binds itself. */
const KERNEL_VIRQS: readonly number[] = [0, 1];

/** The file through which a port was bound. */
export interface PortFile {
  /** The process whose file it is. */
  readonly process: { readonly number: number };
  /** Takes an event of the port. */
  onEvent(port: Port): void;
}

/** One end of an event channel. */
export interface Port {
  /** Its number in its domain. */
  readonly number: number;
  /** The domain that is, or may be, at the other end; none for a virtual interrupt. */
  readonly domid: number | undefined;
  /** The virtual interrupt that is bound to it, if there is one. */
  readonly virq: number | undefined;
  /** The other end, while one is bound. */
  remote: Port | undefined;
  /** The file that takes its events; none once it was unbound, while an unmap notify holds it. */
  file: PortFile | undefined;
  /** Whether an event has arrived that was not delivered yet. */
  pending: boolean;
  /** Whether events are not delivered. */
  masked: boolean;
  /** The number of its holders: its file, and each unmap notify that names it. */
  holders: number;
}

/** The ports of one domain. */
export class PortTable {
  /** The number of the domain. */
  readonly domid: number;
  /** The highest number of a port. */
  readonly #limit: number;
  readonly #ports = new Map<number, Port>();
  /** No port below this one is free. */
  #lowest = 1;

  constructor(domid: number, limit: number) {
    this.domid = domid;
    this.#limit = limit;
  }

  /** Makes a port to which a domain may bind. The domain need not exist. */
  bindUnbound(domid: number): Port {
    return this.#add(domid, undefined);
  }

  /**
   * Makes a port that is bound to a port of another domain.
   *
   * @param others The ports of that domain, if it exists.
   */
  bindInterdomain(domid: number, others: PortTable | undefined, remotePort: number): Port {
    if (!others) throw refused(`there is no domain ${domid}`, Errno.ESRCH);
    const remote = others.get(remotePort);
    if (!remote) throw refused(`domain ${domid} has no port ${remotePort}`, Errno.EINVAL);
    if (remote.domid !== this.domid) {
      const whom = remote.domid === undefined ? `VIRQ ${remote.virq}` : `domain ${remote.domid}`;
      throw refused(
        `port ${remotePort} of domain ${domid} is for ${whom}, and this is domain ${this.domid}`,
        Errno.EINVAL,
      );
    }
    if (remote.remote) throw refused(`port ${remotePort} of domain ${domid} is already bound`, Errno.EINVAL);
    const port = this.#add(domid, undefined);
    port.remote = remote;
    remote.remote = port;
    // The other end may have sent events while nobody was bound to it: Xen makes up for them with one.
    port.pending = true;
    return port;
  }

  /** Makes a port that is bound to a virtual interrupt. */
  bindVirq(virq: number): Port {
    const { domid } = this;
    if (KERNEL_VIRQS.includes(virq)) {
      throw refused(`the kernel of domain ${domid} uses VIRQ ${virq} itself`, Errno.EEXIST);
    }
    for (const port of this.#ports.values()) {
      if (port.virq === virq) {
        throw refused(`VIRQ ${virq} is bound to port ${port.number} of domain ${domid}`, Errno.EEXIST);
      }
    }
    return this.#add(undefined, virq);
  }

  #add(domid: number | undefined, virq: number | undefined): Port {
    // The lowest free number, as in Xen; 0 is reserved.
    while (this.#ports.has(this.#lowest)) this.#lowest++;
    const number = this.#lowest;
    if (number > this.#limit) {
      throw refused(
        `domain ${this.domid} has ${this.#limit} event channels, its maximum`,
        Errno.ENOSPC,
        " Unbind some, or create the MockXen with more `eventChannels`.",
      );
    }
    const port = { number, domid, virq, remote: undefined, file: undefined, pending: false, masked: false, holders: 1 };
    this.#ports.set(number, port);
    return port;
  }

  /** The port with a number, if there is one. */
  get(number: number): Port | undefined {
    return this.#ports.get(number);
  }

  /** All ports. */
  all(): Iterable<Port> {
    return this.#ports.values();
  }

  /**
   * Removes one holder of a port, and closes the port if that was the last one. Its other end becomes unbound. If the
   * domain was restored since the port was bound, this happens to the port that has its number now, as on Linux.
   */
  release({ number }: Port): void {
    const port = this.#ports.get(number);
    if (port && --port.holders === 0) this.#close(port);
  }

  /** Sends an event to the other end of the port that has a port's number now: this one, if it is not void. */
  send({ number }: Port): void {
    const remote = this.#ports.get(number)?.remote;
    if (remote) arrive(remote);
  }

  #close(port: Port): void {
    this.#ports.delete(port.number);
    this.#lowest = Math.min(this.#lowest, port.number);
    port.file = undefined;
    if (port.remote) port.remote.remote = undefined;
    port.remote = undefined;
  }

  /** Closes all ports, even those that are held, because the domain ends: it is destroyed, or saved. */
  closeAll(): void {
    for (const port of this.#ports.values()) this.#close(port);
  }

  /** Sends an event to the port to which a virtual interrupt is bound. */
  raise(virq: number): void {
    for (const port of this.#ports.values()) if (port.virq === virq) arrive(port);
  }
}

/** Makes an event pending. Others are merged with it until it is delivered. */
function arrive(port: Port): void {
  port.pending = true;
  deliver(port);
}

/** Hands the events of a port to a file, first one that has arrived. */
export function listen(port: Port, file: PortFile): void {
  port.file = file;
  deliver(port);
}

/** Unmasks a port, and delivers an event that has arrived in the meantime. */
export function unmask(port: Port): void {
  port.masked = false;
  deliver(port);
}

/** Does what the driver's interrupt handler does: masks the port, and hands it to its file. */
function deliver(port: Port): void {
  if (!port.pending || port.masked || !port.file) return;
  port.pending = false;
  port.masked = true;
  port.file.onEvent(port);
}

function refused(reason: string, errno: number, wayOut = ""): GrantError {
  return new GrantError(`Cannot bind an event channel: ${reason}.${wayOut}`, {
    code: "port-refused",
    operation: "bind",
    errno,
  });
}
