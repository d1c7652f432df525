import { exec } from "../../../scripts/exec.ts";

/** Debian's tools for XenStore, which use libxenstore. */
export class DebianTools {
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;

  /**
   * @param packages The folder of Debian's packages, unpacked.
   * @param socket The path of the daemon's socket.
   */
  constructor(packages: string, socket: string) {
    this.#folder = `${packages}/usr/bin`;
    this.#env = { XENSTORED_PATH: socket, LD_LIBRARY_PATH: `${packages}/usr/lib/x86_64-linux-gnu` };
  }

  /** Runs a tool, such as `read` for `xenstore-read`. Returns what it prints. */
  async run(tool: string, ...args: readonly string[]): Promise<string> {
    return (await exec(`${this.#folder}/xenstore-${tool}`, args, { env: this.#env })).replace(/\n$/, "");
  }

  /** Starts a tool that waits. */
  start(tool: string, ...args: readonly string[]): Deno.ChildProcess {
    return new Deno.Command(`${this.#folder}/xenstore-${tool}`, {
      args: [...args],
      env: { ...this.#env },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
  }
}
