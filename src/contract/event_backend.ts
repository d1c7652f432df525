/** Event channels: the device `/dev/xen/evtchn`, or a simulation of it. */
export interface EventBackend {
  /** The name used in error messages, for example `"mock"` or `"/dev/xen/evtchn"`. */
  readonly name: string;
  /**
   * Opens a file through which ports are bound.
   *
   * @throws {GrantError} if the system refuses. Nothing is left open.
   */
  open(): EventFile;
}

/**
 * One open file of an {@linkcode EventBackend}.
 *
 * A port is named by its number in this domain. The caller names only ports that it has bound through this file and has
 * not unbound. An event carries no data and no count: several events may arrive as one, but one always arrives after
 * the last one was sent.
 */
export interface EventFile {
  /**
   * Allocates a port to which another domain may bind.
   *
   * @returns The port.
   * @throws {GrantError} if the system refuses.
   */
  bindUnbound(domid: number): number;
  /**
   * Binds a new port to a port that another domain has allocated for this one. Because events may have been sent
   * before, one is pending on the new port.
   *
   * @returns The port.
   * @throws {GrantError} if the system refuses.
   */
  bindInterdomain(domid: number, remotePort: number): number;
  /**
   * Binds a new port to one of the virtual interrupts that Xen itself sends.
   *
   * @returns The port.
   * @throws {GrantError} if the system refuses.
   */
  bindVirq(virq: number): number;
  /**
   * Sends an event to the other end of a port. Does nothing if no port is bound there.
   *
   * @throws {GrantError} if the system refuses.
   */
  notify(port: number): void;
  /**
   * Takes the ports on which events have arrived, and masks each: it is not returned again until it is unmasked. Never
   * blocks.
   *
   * @returns The ports; empty if no event has arrived.
   * @throws {GrantError} `events-lost` if there was no room for an event, on each call until {@linkcode EventFile.reset};
   * or if the system refuses.
   */
  pending(): readonly number[];
  /**
   * Unmasks a port. If an event has arrived in the meantime, the port is pending at once.
   *
   * @throws {GrantError} if the system refuses.
   */
  unmask(port: number): void;
  /**
   * Calls back once, as soon as {@linkcode EventFile.pending} may return ports or throw. It never calls back before
   * this method returns, nor after the returned function was called. The caller calls this method again only after one
   * of the two has happened. Until then, the process stays alive. Call back in a turn of the event loop of its own, not
   * in a microtask: two sides that answer each other would keep timers and I/O from their turns.
   *
   * Meanwhile the caller may call {@linkcode EventFile.pending}, which takes the events. A callback that is under way
   * then does no harm.
   *
   * @returns A function that stops waiting. It may be called any number of times.
   * @throws {GrantError} if the system cannot wait. There is no callback then.
   */
  whenPending(callback: () => void): () => void;
  /**
   * Drops all events that have arrived and were not taken, and ends the loss of events that
   * {@linkcode EventFile.pending} reports. A port whose event is dropped, now or earlier because there was no room for
   * it, stays masked: the caller unmasks all ports after this call. Does not end a wait.
   *
   * @throws {GrantError} if the system refuses.
   */
  reset(): void;
  /**
   * Unbinds a port. Events that have arrived on it are dropped.
   *
   * @throws {GrantError} if the system refuses.
   */
  unbind(port: number): void;
  /** Closes the file. Called once, when nothing waits; ports that are still bound are unbound. */
  close(): void;
}
