import { MAX_PORT } from "../../src/contract/limits.ts";

/** A port that nobody binds. */
const NOBODYS = MAX_PORT;

/** The ports that were bound through one file: from the number in the recording to the one here. */
export type FilePorts = Map<number, number>;

/**
 * Maps the ports of a recording to those that the replaying backends gave out instead.
 *
 * A backend chooses ports as it likes, so those of the recording serve as names until they are unbound. Each domain of
 * the trace has ports of its own.
 */
export class PortMap {
  readonly #remote: ReadonlyMap<number, number>;
  readonly #files: { readonly domain: number; readonly ports: FilePorts }[] = [];

  /**
   * @param remote What stands for ports of domains that are not in the trace.
   */
  constructor(remote: ReadonlyMap<number, number>) {
    this.#remote = remote;
  }

  /** The ports of a file that is opened for a domain of the trace: none yet. */
  open(domain: number): FilePorts {
    const ports: FilePorts = new Map();
    this.#files.push({ domain, ports });
    return ports;
  }

  /**
   * What stands for the remote port in a `bindInterdomain` of a domain. The port belongs to another domain of the trace
   * if one of them has it, the first in the order of their indices; otherwise to the domain itself, which may bind to a
   * port of its own.
   */
  remote(recorded: number, domain: number): number {
    const remote = this.#remote.get(recorded);
    if (remote !== undefined) return remote;
    const files = this.#files.toSorted((one, other) => one.domain - other.domain);
    const others = files.filter((file) => file.domain !== domain);
    return [...others, ...files].find(({ ports }) => ports.has(recorded))?.ports.get(recorded) ?? recorded;
  }

  /**
   * What stands for the port in an unmap notify of a domain, which names one of its own. A port that was never bound
   * stands for itself, unless another port of the domain has that number here.
   */
  notified(recorded: number, domain: number): number {
    const files = this.#files.filter((file) => file.domain === domain);
    const found = files.find(({ ports }) => ports.has(recorded));
    if (found) return found.ports.get(recorded)!;
    return files.some(({ ports }) => [...ports.values()].includes(recorded)) ? NOBODYS : recorded;
  }
}
