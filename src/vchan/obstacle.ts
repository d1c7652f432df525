import type { GrantError } from "../contract/errors.ts";
import { VchanError } from "./errors.ts";
import { hintForC } from "./path.ts";

/** What a client has found where its server is to be. */
export type Found = "nothing" | "garbage" | "taken" | GrantError | VchanError;

/** Why a client has not joined yet. */
export class Obstacle {
  readonly #server: number;
  /** Where it looks for its server. */
  path: string;
  /** What it has found last, or why the keys there did not work; `undefined` before XenStore has answered. */
  found: Found | undefined;

  /**
   * @param server The domid of the server.
   * @param path As the caller gave it.
   */
  constructor(server: number, path: string | number) {
    this.#server = server;
    this.path = String(path);
  }

  /** Why the keys that were found last did not work. */
  get error(): GrantError | VchanError | undefined {
    return typeof this.found === "object" ? this.found : undefined;
  }

  /** The error of a client that has waited too long. */
  late(timeout: number): VchanError {
    const { error } = this;
    return new VchanError(`Cannot connect within ${timeout} ms: ${this.#describe()}`, {
      code: "timed-out",
      operation: "connect",
      ...(error === undefined ? {} : { cause: error }),
    });
  }

  #describe(): string {
    const { found, path } = this;
    const domain = `domain ${this.#server}`;
    switch (found) {
      case undefined:
        return `XenStore has not answered yet what is at ${path}. Raise \`timeout\`.`;
      case "nothing":
        return `${domain} has published nothing at ${path} that this domain may read. See whether a server runs ` +
          `there, and serves this domain.${hintForC(path)}`;
      case "garbage":
        return `what ${domain} has published at ${path} is not a reference and a port, both in decimal. See whether ` +
          "the path is that of a vchan.";
      case "taken":
        return `${domain} serves another client at ${path}, and has no place for this one yet, or its server was ` +
          "killed since. Try again later, or restart the server.";
      default:
        return `what ${domain} has published at ${path} does not work. See whether another client is connected, or ` +
          `restart the server. ${found.message}`;
    }
  }
}
