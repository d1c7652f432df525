import process from "node:process";
import type { Host } from "./host.ts";

/** A line at the foot of a terminal that says what is going on. Without a terminal, nothing is written. */
export class Progress {
  readonly #host: Host;
  #shown = false;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Replaces the line. */
  async show(text: string): Promise<void> {
    if (!this.#host.isInteractive) return;
    this.#shown = true;
    await writeError(`\r\u001b[K${text}`);
  }

  /** Removes the line. */
  async clear(): Promise<void> {
    if (!this.#shown) return;
    this.#shown = false;
    await writeError("\r\u001b[K");
  }
}

function writeError(text: string): Promise<void> {
  return new Promise((resolve) => process.stderr.write(text, () => resolve()));
}
