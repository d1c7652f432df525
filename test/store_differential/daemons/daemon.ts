/**
 * Runs a daemon of XenStore without Xen, on the stand-in of hypervisor.c.
 *
 * @module
 */

import { exec } from "../../../scripts/exec.ts";
import { onlyMatch } from "../../rig/files.ts";
import type { Daemon } from "../differences.ts";
import { Ring } from "./ring.ts";

const PAGE_SIZE = 4096;
/** As in hypervisor.c. */
const VIRQ_PORT = 1;
const PORTS = 100;

/** What a daemon without Xen needs. */
export interface Tools {
  /** The folder of Debian's packages, unpacked. */
  readonly packages: string;
  /** The path of the stand-in for Xen, compiled. */
  readonly library: string;
}

/** A daemon that runs. */
export class RunningDaemon {
  readonly #folder: string;
  readonly #process: Deno.ChildProcess;
  readonly #events: Deno.FsFile;
  readonly #rings = new Map<number, Ring>();

  private constructor(folder: string, process: Deno.ChildProcess, events: Deno.FsFile) {
    this.#folder = folder;
    this.#process = process;
    this.#events = events;
  }

  /** Starts a daemon on the stand-in that {@linkcode buildStandIn} has compiled. */
  static async start(daemon: Daemon, { packages, library }: Tools): Promise<RunningDaemon> {
    const folder = await Deno.makeTempDir({ prefix: "gntalloc-store-" });
    await exec("mkfifo", [`${folder}/events`]);
    // For reading too: opening must not wait for the daemon.
    const events = await Deno.open(`${folder}/events`, { read: true, write: true });
    await Deno.writeFile(`${folder}/ring-0`, new Uint8Array(PAGE_SIZE));
    await Deno.writeTextFile(`${folder}/port-0`, "0");
    const tools = await onlyMatch(`${packages}/usr/lib`, /^xen-\d/);
    await Deno.writeTextFile(`${folder}/config`, configOf(folder));
    const process = new Deno.Command(`${tools}/bin/${daemon}`, {
      args: daemon === "xenstored"
        ? ["--no-fork", "--no-recovery"]
        : ["--no-fork", "--config-file", `${folder}/config`],
      env: {
        GNTALLOC_DOMAINS: folder,
        LD_LIBRARY_PATH: `${packages}/usr/lib/x86_64-linux-gnu`,
        LD_PRELOAD: library,
        XENSTORED_RUNDIR: folder,
        XENSTORED_ROOTDIR: folder,
        XENSTORED_PATH: `${folder}/socket`,
      },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const running = new RunningDaemon(folder, process, events);
    for (let tries = 0; !await exists(running.socket); tries++) {
      if (tries === 500) {
        await running.stop();
        throw new Error(`${daemon} does not make its socket`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return running;
  }

  /** The path of the daemon's socket. */
  get socket(): string {
    return `${this.#folder}/socket`;
  }

  /** Makes a domain. The daemon does not know it yet. */
  async makeDomain(domid: number): Promise<Ring> {
    const path = `${this.#folder}/ring-${domid}`;
    await Deno.writeFile(path, new Uint8Array(PAGE_SIZE));
    const ring = new Ring(path, () => this.#wake(PORTS + domid));
    this.#rings.set(domid, ring);
    return ring;
  }

  /** Ends a domain. */
  async endDomain(domid: number): Promise<void> {
    this.#rings.get(domid)?.close();
    this.#rings.delete(domid);
    await Deno.remove(`${this.#folder}/ring-${domid}`);
    this.#wake(VIRQ_PORT);
  }

  async stop(): Promise<void> {
    for (const ring of this.#rings.values()) ring.close();
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has crashed.
    }
    await this.#process.status;
    this.#events.close();
    await Deno.remove(this.#folder, { recursive: true });
  }

  #wake(port: number): void {
    this.#events.writeSync(new Uint8Array(Uint32Array.of(port).buffer));
  }
}

/**
 * The configuration of oxenstored. Its files are all in the folder: it replaces its pid file and renames its logs, which
 * must not be done to /dev/null.
 */
const configOf = (folder: string) => `
pid-file = ${folder}/pid
xenstored-kva = /proc/xen/xsd_kva
xenstored-port = /proc/xen/xsd_port
persistent = false
perms-activate = true
perms-watch-activate = true
quota-activate = true
quota-maxentity = 1000
quota-maxsize = 2048
quota-maxwatch = 100
quota-transaction = 10
quota-maxrequests = 1024
quota-path-max = 1024
quota-maxoutstanding = 1024
quota-maxwatchevents = 1024
xenstored-log-file = ${folder}/log
access-log-file = ${folder}/access-log
`;

/** Compiles the stand-in for Xen into a folder. */
export async function buildStandIn(folder: string, packages: string): Promise<string> {
  const library = `${folder}/hypervisor.so`;
  const source = new URL("hypervisor.c", import.meta.url).pathname;
  const flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC"];
  await exec("gcc", [...flags, "-I", `${packages}/usr/include`, "-o", library, source]);
  return library;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
