/** Who takes part: a domU, and programs that most tests share, as to start one takes seconds. */

import { type Domu, startDomu } from "../domu.ts";
import { shell } from "../programs.ts";
import { type Runtime, startUser, startUserIn, type User } from "./users.ts";

export class Cast {
  #domu: Domu | undefined;
  readonly #users = new Map<string, Promise<User>>();

  /** Boots the domU, and loads dom0's drivers. */
  async boot(): Promise<void> {
    for (const name of ["loop", "xen-blkback"]) await shell(`insmod /modules/${name}.ko`);
    this.#domu = await startDomu("main");
  }

  get domu(): Domu {
    if (!this.#domu) throw new Error("the domU has not booted");
    return this.#domu;
  }

  get domid(): number {
    return this.domu.domid;
  }

  /** The domU's program that uses disks. */
  user(runtime: Runtime = "Deno"): Promise<User> {
    return this.#keep(`domU ${runtime}`, () => startUserIn(this.domu, runtime));
  }

  /** dom0's program that serves disks. */
  server(): Promise<User> {
    return this.#keep("dom0", () => Promise.resolve(startUser("Deno")));
  }

  #keep(key: string, start: () => Promise<User>): Promise<User> {
    const known = this.#users.get(key);
    if (known) return known;
    const started = start();
    this.#users.set(key, started);
    return started;
  }

  /** Ends the shared programs. Each must end by itself. */
  async end(): Promise<void> {
    for (const user of this.#users.values()) await (await user).end();
    this.#users.clear();
  }

  /** Runs a line of the shell in the domU. */
  async shell(line: string, timeoutSeconds = 60): Promise<string> {
    return await this.domu.call("shell", { line }, timeoutSeconds);
  }
}
