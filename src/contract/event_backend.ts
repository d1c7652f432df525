/** What event channels are made of: the device `/dev/xen/evtchn`, or its likeness on a simulated machine. */
export interface EventBackend {
  /** How error messages call it, for example `"mock"` or `"/dev/xen/evtchn"`. */
  readonly name: string;
  /**
   * Opens a file, through which ports are bound.
   *
   * @throws {GrantError} if the system refuses; nothing is left open.
   */
  open(): EventFile;
}

/**
 * One open file of an {@linkcode EventBackend}.
 *
 * A port is named by its number in this domain. The caller names only ports that it bound through this file and has not
 * unbound. An event has no content and no count: several that are sent may come as fewer, but one comes after the last.
 */
export interface EventFile {
  /**
   * Makes a port to which a domain may bind one of its own.
   *
   * @returns The port.
   * @throws {GrantError} if the system refuses.
   */
  bindUnbound(domid: number): number;
  /**
   * Makes a port bound to a domain's port, which that domain made for this one. As events may have been sent before, one is
   * pending on the new port.
   *
   * @returns The port.
   * @throws {GrantError} if the system refuses.
   */
  bindInterdomain(domid: number, remotePort: number): number;
  /**
   * Makes a port for the events that Xen itself sends under a number.
   *
   * @returns The port.
   * @throws {GrantError} if the system refuses.
   */
  bindVirq(virq: number): number;
  /**
   * Sends an event to the other end of a port. Where nobody is bound to it there, nothing happens.
   *
   * @throws {GrantError} if the system refuses.
   */
  notify(port: number): void;
  /**
   * Takes the ports on which events have come, each of which is masked from then on: it is not named again before it is
   * unmasked. Never waits.
   *
   * @returns The ports; none where nothing has come.
   * @throws {GrantError} if the system refuses.
   */
  pending(): readonly number[];
  /**
   * Unmasks a port. If an event has come meanwhile, the port is pending at once.
   *
   * @throws {GrantError} if the system refuses.
   */
  unmask(port: number): void;
  /**
   * Calls back once, when {@linkcode EventFile.pending} may have something to say or fails: never before this returns, and not
   * after the returned function was called. Called again only after that. Until one of the two, the process stays alive.
   *
   * @returns Stops waiting; called any number of times.
   * @throws {GrantError} if the system cannot wait; then nobody is called back.
   */
  whenPending(callback: () => void): () => void;
  /**
   * Unbinds a port. Events that came on it are forgotten.
   *
   * @throws {GrantError} if the system refuses.
   */
  unbind(port: number): void;
  /** Closes the file. Called once, when nobody waits; ports that are still bound are unbound. */
  close(): void;
}
