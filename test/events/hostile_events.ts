/** A backend of event channels that does what it should not, at random; and that notes where the library breaks the contract. */
import type { EventBackend, EventFile } from "../../src/contract/backend.ts";
import { Random } from "../support/random.ts";

/** What no backend should give. */
const NONSENSE: readonly unknown[] = [
  undefined,
  null,
  NaN,
  -1,
  0.5,
  2 ** 40,
  1,
  2,
  "7",
  {},
  [],
  [[1]],
  [NaN, "x", null],
  () => {
    throw new Error("called");
  },
  new Proxy([], {
    get() {
      throw new Error("looked at");
    },
  }),
];

/** A hostile backend. */
export class HostileEvents implements EventBackend {
  readonly name = "hostile";
  /** Where the library broke the contract of backends. */
  readonly broken: string[] = [];
  /** What it does in the middle of its calls: it calls back into the library. */
  reenter: () => void = () => {};
  readonly #random: Random;
  readonly #percent: number;
  #inCall = 0;

  /**
   * @param seed Decides what it does.
   * @param percent In how many of 100 cases it does something hostile.
   */
  constructor(seed: number, percent: number) {
    this.#random = new Random(seed);
    this.#percent = percent;
  }

  /** Makes a call: as it should be, or not. */
  #call(what: string, right: () => unknown, nonsense = true): never {
    if (this.#inCall > 0) this.broken.push(`${what} in the middle of another call`);
    this.#inCall++;
    try {
      if (!this.#random.chance(this.#percent)) return right() as never;
      const kind = this.#random.pick([
        "throw",
        "throw odd",
        "reenter",
        nonsense ? "nonsense" : "reenter",
        "do and throw",
      ]);
      switch (kind) {
        case "throw":
          throw new Error(what);
        case "throw odd":
          throw this.#random.pick(NONSENSE);
        case "do and throw":
          right();
          throw new Error(what);
        case "nonsense":
          return this.#random.pick(NONSENSE) as never;
      }
      this.reenter();
      return right() as never;
    } finally {
      this.#inCall--;
    }
  }

  open(): EventFile {
    return this.#call("open", () => this.#file());
  }

  #file(): EventFile {
    const bound = new Set<number>();
    let next = 1;
    let closed = false;
    let waits = 0;
    const unbound = new Set<number>();
    const wrong = (reason: string) => void this.broken.push(reason);
    const bind = (what: string) => {
      if (closed) wrong(`${what} after close`);
      const port: number = this.#call(what, () => {
        bound.add(next);
        return next++;
      });
      // It may say one that is bound, or that was.
      unbound.delete(port);
      return port;
    };
    /** Something is done to a port. */
    const use = (what: string, port: number, right: () => unknown = () => undefined) => {
      if (closed) wrong(`${what} after close`);
      if (typeof port !== "number" || unbound.has(port)) wrong(`${what} of ${String(port)}, which is not bound`);
      return this.#call(what, right);
    };
    return {
      bindUnbound: () => bind("bindUnbound"),
      bindInterdomain: () => bind("bindInterdomain"),
      bindVirq: () => bind("bindVirq"),
      notify: (port) => use("notify", port),
      unmask: (port) => use("unmask", port),
      unbind: (port) => {
        try {
          use("unbind", port, () => void bound.delete(port));
        } finally {
          unbound.add(port);
        }
      },
      pending: () => {
        if (closed) wrong("pending after close");
        return this.#call(
          "pending",
          () => [...bound].filter(() => this.#random.chance(50)).concat(this.#random.pick([[], [99]])),
        );
      },
      whenPending: (callback) => {
        if (closed) wrong("whenPending after close");
        if (waits > 0) wrong("whenPending while it waits");
        waits++;
        let over = false;
        const end = () => {
          if (!over) waits--;
          over = true;
        };
        const call = () => {
          end();
          callback();
        };
        try {
          return this.#call("whenPending", () => {
            const when = this.#random.chance(this.#percent)
              ? this.#random.pick(["now", "twice", "never", "late"])
              : "soon";
            if (when === "now") call();
            if (when === "twice") queueMicrotask(call), queueMicrotask(() => callback());
            if (when === "late") setTimeout(() => callback(), 1);
            if (when === "soon") queueMicrotask(() => over || call());
            return () => {
              end();
              if (this.#random.chance(this.#percent)) throw new Error("stop");
            };
          });
        } catch (error) {
          end();
          throw error;
        } finally {
          // Where it may have given no way to stop, the library cannot keep to that part.
          if (this.#percent > 0) end();
        }
      },
      reset: () => {
        if (closed) wrong("reset after close");
        this.#call("reset", () => undefined);
      },
      close: () => {
        if (closed) wrong("close again");
        closed = true;
        this.#call("close", () => undefined);
      },
    };
  }
}
