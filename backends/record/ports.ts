/** A port that nobody binds: the highest there can be. */
const NOBODYS = 0x1_ffff;

/**
 * The ports of a recording, and what the replaying backends gave out in their place.
 *
 * A backend chooses ports as it likes, so those of the recording are names, until they are unbound. Each domain has ports of
 * its own; but a trace says only which file a port was bound through, not the domain of the file.
 */
export class Ports {
  readonly #remote: Readonly<Record<number, number>>;
  readonly #files = new Map<number, Map<number, number>>();

  /**
   * @param remote What stands for ports of domains that are not in the trace.
   */
  constructor(remote: Readonly<Record<number, number>>) {
    this.#remote = remote;
  }

  /** The ports bound through a file, as the recording names them, and what stands for each. */
  ofFile(file: number): Map<number, number> {
    let ports = this.#files.get(file);
    if (!ports) this.#files.set(file, ports = new Map());
    return ports;
  }

  /** What stands for the other domain's port, that a port of a file is bound to: one of another file's if there is one. */
  remote(recorded: number, file: number): number {
    if (Object.hasOwn(this.#remote, recorded)) return this.#remote[recorded]!;
    const others = [...this.#files].filter(([number]) => number !== file).map(([, ports]) => ports.get(recorded));
    return others.find((port) => port !== undefined) ?? this.ofFile(file).get(recorded) ?? recorded;
  }

  /** What stands for a port that an unmap notify names. One that was never bound stands for itself, unless that is another one here. */
  notified(recorded: number): number {
    for (const ports of this.#files.values()) {
      const replayed = ports.get(recorded);
      if (replayed !== undefined) return replayed;
    }
    const taken = [...this.#files.values()].some((ports) => [...ports.values()].includes(recorded));
    return taken ? NOBODYS : recorded;
  }
}
