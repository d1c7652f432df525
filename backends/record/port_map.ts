/** A port that nobody binds: the highest there can be. */
const NOBODYS = 0x1_ffff;

/** The ports bound through one file: as the recording names them, and what stands for each. */
export type FilePorts = Map<number, number>;

/**
 * The ports of a recording, and what the replaying backends gave out in their place.
 *
 * A backend chooses ports as it likes, so those of the recording are names, until they are unbound. Each domain has ports of
 * its own, and each end of the trace is a domain: the granter's before the peer's, where there are several.
 */
export class Ports {
  readonly #remote: Readonly<Record<number, number>>;
  readonly #files: { readonly end: number; readonly ports: FilePorts }[] = [];

  /**
   * @param remote What stands for ports of domains that are not in the trace.
   */
  constructor(remote: Readonly<Record<number, number>>) {
    this.#remote = remote;
  }

  /** The ports of a file that is opened for an end: none yet. */
  open(end: number): FilePorts {
    const ports: FilePorts = new Map();
    this.#files.push({ end, ports });
    this.#files.sort((one, other) => one.end - other.end);
    return ports;
  }

  /** What stands for a port of another domain, to which one is bound for an end: it is of another end if that has such a port. */
  remote(recorded: number, end: number): number {
    if (Object.hasOwn(this.#remote, recorded)) return this.#remote[recorded]!;
    const others = this.#files.filter((file) => file.end !== end);
    return [...others, ...this.#files].find(({ ports }) => ports.has(recorded))?.ports.get(recorded) ?? recorded;
  }

  /**
   * What stands for a port that an unmap notify of the granter's or the peer's names. One that was never bound stands for
   * itself, unless that is another one here.
   */
  notified(recorded: number, side: "grants" | "maps"): number {
    const files = side === "grants" ? this.#files : this.#files.toReversed();
    const found = files.find(({ ports }) => ports.has(recorded));
    if (found) return found.ports.get(recorded)!;
    return files.some(({ ports }) => [...ports.values()].includes(recorded)) ? NOBODYS : recorded;
  }
}
