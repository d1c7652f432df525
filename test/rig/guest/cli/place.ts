/** The domains in which `gntalloc` runs. */

import type { Ended } from "../../../support/running.ts";
import type { DomuType } from "../../machines.ts";
import { type Domu, startDomu } from "../domu.ts";
import { type Make, PIECE, startGntalloc } from "./programs.ts";

/** A process of `gntalloc` in some domain. */
export interface Gntalloc {
  /** Waits until it has written a text. */
  until(text: string): Promise<void>;
  /** Writes to its standard input. */
  write(text: string): Promise<void>;
  /** Closes its standard input. */
  closeInput(): Promise<void>;
  /** Sends it a signal, and waits for its end. */
  kill(signal: Deno.Signal): Promise<Ended>;
  /** Waits for its end. */
  end(): Promise<Ended>;
}

/** A domain. */
export interface Place {
  readonly domid: number;
  /** Starts the program. */
  start(make: Make, ...args: string[]): Promise<Gntalloc>;
}

/** Runs the program to its end. */
export async function run(place: Place, make: Make, ...args: string[]): Promise<Ended> {
  const program = await place.start(make, ...args);
  return await program.end();
}

/** The domain of the tests. */
export const dom0: Place = {
  domid: 0,
  start(make, ...args) {
    const program = startGntalloc(make, args);
    return Promise.resolve({
      until: (text) => program.until(text),
      write: (text) => program.write(text),
      closeInput: () => program.closeInput(),
      kill(signal) {
        program.kill(signal);
        return program.ended;
      },
      end: () => program.ended,
    });
  },
};

/** A domU that boots when it is first needed, and once. */
export class DomuPlace implements Place {
  readonly #type: DomuType;
  #domu: Domu | undefined;

  /** @param type The type of the domain, and its name. */
  constructor(type: DomuType) {
    this.#type = type;
  }

  async boot(): Promise<void> {
    this.#domu = await startDomu(this.#type, this.#type);
  }

  get domu(): Domu {
    if (!this.#domu) throw new Error(`the domU ${this.#type} has not booted`);
    return this.#domu;
  }

  get domid(): number {
    return this.domu.domid;
  }

  async start(make: Make, ...args: string[]): Promise<Gntalloc> {
    const call = this.domu.call;
    const program: number = await call("cliStart", { make, args });
    const read = async (from: "stdout" | "stderr") => {
      let text = "";
      for (;;) {
        const piece: string = await call("cliRead", { program, from, start: text.length });
        text += piece;
        if (piece.length < PIECE) return text;
      }
    };
    const end = async (): Promise<Ended> => ({
      code: await call("cliEnd", { program }),
      stdout: await read("stdout"),
      stderr: await read("stderr"),
    });
    return {
      until: (text) => call("cliUntil", { program, text }),
      write: (text) => call("cliWrite", { program, text }),
      closeInput: () => call("cliCloseInput", { program }),
      async kill(signal) {
        await call("cliKill", { program, signal });
        return await end();
      },
      end,
    };
  }
}
