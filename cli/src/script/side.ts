import { EventChannels, GrantDevice, GrantMapper, type XenDomain } from "@gntalloc/gntalloc";
import { XenStore } from "@gntalloc/gntalloc/xenstore";
import { UsageError } from "../exit.ts";
import { checkName } from "../publication.ts";
import type { Held } from "./held.ts";
import type { Program } from "./world.ts";

/** What the kinds are called. */
const WORDS: Readonly<Record<Held["kind"], string>> = {
  pages: "pages of `allocate`",
  share: "pages of `share`",
  mapping: "a mapping",
  channel: "an event channel",
  vchan: "a vchan",
};

/** What the statements of one domain hold, by their names. Devices are opened when they are needed first. */
export class Side {
  readonly #program: Program;
  readonly #held = new Map<string, Held>();
  #device: GrantDevice | undefined;
  #mapper: GrantMapper | undefined;
  #channels: EventChannels | undefined;
  #store: Promise<XenStore> | undefined;

  constructor(program: Program) {
    this.#program = program;
  }

  get domid(): number {
    return this.#program.domid;
  }

  get domain(): XenDomain {
    return this.#program.domain;
  }

  get device(): GrantDevice {
    return this.#device ??= new GrantDevice(this.domain, { trackAllocations: true });
  }

  get mapper(): GrantMapper {
    return this.#mapper ??= new GrantMapper(this.domain);
  }

  get channels(): EventChannels {
    return this.#channels ??= new EventChannels(this.domain);
  }

  get store(): Promise<XenStore> {
    return this.#store ??= XenStore.open(this.domain);
  }

  /** Keeps something under a name. */
  keep(name: string, held: Held): void {
    this.#held.set(name, held);
  }

  /** Throws if a text is no name, or if the name is taken. */
  checkFree(name: string): void {
    checkName(name);
    if (this.#held.has(name)) throw new UsageError(`Cannot use the name "${name}" twice: release it first.`);
  }

  /** Returns what has a name, if it is of one of the kinds. */
  get<Kind extends Held["kind"]>(name: string, ...kinds: readonly Kind[]): Extract<Held, { kind: Kind }> {
    const held = this.#held.get(name);
    if (held === undefined || !(kinds as readonly string[]).includes(held.kind)) {
      const found = held === undefined ? "nothing has that name" : `it names ${WORDS[held.kind]}`;
      throw new UsageError(
        `Cannot use "${name}" of domain ${this.domid} as ${kinds.map((kind) => WORDS[kind]).join(" or ")}: ${found}.`,
      );
    }
    return held as Extract<Held, { kind: Kind }>;
  }

  /** Releases something, and forgets it even if that fails. */
  async release(name: string, ...kinds: readonly Held["kind"][]): Promise<void> {
    const held = this.get(name, ...kinds);
    this.#held.delete(name);
    await held.release();
  }

  /** Forgets everything: its program was killed, or its domain destroyed. */
  forget(): void {
    this.#held.clear();
    this.#device =
      this.#mapper =
      this.#channels =
      this.#store =
        undefined;
  }

  /** Kills the program. */
  kill(): void {
    if (this.#program.kill === undefined) {
      throw new UsageError("Cannot kill a program of a real domain: use `kill` of the shell.");
    }
    this.#program.kill();
    this.forget();
  }

  /** Releases everything, the newest first, and closes what was opened. Throws the first error, after all is done. */
  async close(): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    const attempt = async (release: () => unknown) => {
      try {
        await release();
      } catch (error) {
        failure ??= { error };
      }
    };
    for (const [name, held] of [...this.#held].reverse()) {
      this.#held.delete(name);
      await attempt(() => held.release());
    }
    await attempt(() => this.#channels?.close());
    await attempt(() => this.#mapper?.close());
    await attempt(() => this.#device?.close());
    await attempt(async () => (await this.#store)?.close());
    if (failure !== undefined) throw failure.error;
  }
}
