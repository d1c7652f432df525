/**
 * Two processes with a channel between them.
 *
 * @module
 */
import { exec } from "../../scripts/exec.ts";
import { Program } from "../../scripts/program.ts";
import { RUN } from "../../test/rig/guest/child.ts";

/** Where the programs are. */
export interface Programs {
  /** The end in C. */
  readonly program: string;
  /** The C library with the stand-in. */
  readonly libc: string;
  /** Node, and a project with the packed package and `end.ts`, if Node takes part. */
  readonly node?: string | undefined;
  readonly project?: string | undefined;
}

/** Whose code an end runs. */
export type Maker = "C" | "Deno" | "Node";

/** Who talks to whom: the first one is the client, and sends streams. */
export interface PairPlan {
  readonly client: Maker;
  readonly server: Maker;
  /** How long ends of this library look before they sleep, in microseconds. */
  readonly spin: number;
}

/** How long this library looks by default. */
export const SPIN = 100;

/** What tables call a pair. */
export function nameOf({ client, server, spin }: PairPlan): string {
  return `${client} → ${server}${spin === SPIN ? "" : ", no spin"}`;
}

/** What an end has answered. */
interface Answer {
  readonly time: number;
  readonly work: number;
  readonly heap?: number;
}

/** One measurement of a pair. */
export interface Figures {
  /** Nanoseconds, until the client has its last answer. */
  readonly time: number;
  /** Microseconds of processors, for both ends. */
  readonly work: number;
  /** Events, of the end that has sent more. */
  readonly events: number;
}

const MEMORY = 16 * 1024 * 1024;
/** Where the stand-in counts the events of each side. */
const SENT_AT = [68, 132] as const;

/** Two ends that are connected. */
export class Pair implements AsyncDisposable {
  readonly plan: PairPlan;
  readonly #folder: string;
  readonly #server: Program;
  readonly #client: Program;

  private constructor(plan: PairPlan, folder: string, server: Program, client: Program) {
    this.plan = plan;
    this.#folder = folder;
    this.#server = server;
    this.#client = client;
  }

  /**
   * Starts both ends, and waits until they are connected.
   *
   * @param ring How many bytes each ring has at least.
   * @param processors Where the server and the client run.
   */
  static async start(
    plan: PairPlan,
    programs: Programs,
    ring: number,
    processors: readonly [server: number, client: number],
  ): Promise<Pair> {
    // In memory, as granted pages are.
    const folder = await Deno.makeTempDir({ dir: "/dev/shm", prefix: "vchan-" });
    await (await Deno.create(`${folder}/memory`)).truncate(MEMORY);
    await exec("mkfifo", [`${folder}/events0`, `${folder}/events1`]);
    const start = async (maker: Maker, side: 0 | 1) => {
      const variables = [`VCHAN_BENCH=${folder}`, `VCHAN_SIDE=${side}`];
      const { command, cwd } = commandOf(maker, programs, side === 0 ? "server" : "client", ring, plan.spin);
      const pinned = [...variables, "taskset", "-c", `${processors[side]}`, ...command];
      const program = new Program(`${maker}, side ${side} of ${nameOf(plan)}`, "env", pinned, cwd);
      await expect(program, "listening");
      return program;
    };
    const server = await start(plan.server, 0);
    const client = await start(plan.client, 1);
    await Promise.all([expect(client, "connected"), expect(server, "connected")]);
    return new Pair(plan, folder, server, client);
  }

  /** Has both ends do something at the same time. */
  async measure(client: string, server: string): Promise<Figures> {
    const before = await this.#sent();
    const answers = await Promise.all([this.#server.ask(server), this.#client.ask(client)]);
    const after = await this.#sent();
    const [ofServer, ofClient] = answers.map((text) => JSON.parse(text) as Answer) as [Answer, Answer];
    return {
      time: ofClient.time,
      work: ofClient.work + ofServer.work,
      events: Math.max(after[0] - before[0], after[1] - before[1]),
    };
  }

  /** By how many bytes the heaps grow when the client does something, and then the server does something. */
  async heap(client: string, server: string): Promise<[client: number, server: number]> {
    const grown = async (end: Program, request: string) => (JSON.parse(await end.ask(request)) as Answer).heap!;
    return [await grown(this.#client, client), await grown(this.#server, server)];
  }

  async #sent(): Promise<[number, number]> {
    using file = await Deno.open(`${this.#folder}/memory`);
    const bytes = new Uint8Array(256);
    await file.read(bytes);
    const view = new DataView(bytes.buffer);
    return [view.getUint32(SENT_AT[0], true), view.getUint32(SENT_AT[1], true)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.kill();
    await this.#server.kill();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

async function expect(program: Program, line: string): Promise<void> {
  const said = await program.read();
  if (said !== line) throw new Error(`Cannot start ${program.name}: it said ${said} instead of ${line}`);
}

function commandOf(
  maker: Maker,
  { program, libc, node, project }: Programs,
  role: "server" | "client",
  ring: number,
  spin: number,
): { command: readonly string[]; cwd?: string } {
  const source = (path: string) => new URL(`../../${path}`, import.meta.url).href;
  const rest = [libc, role, `${ring}`, `${spin}`];
  switch (maker) {
    case "C":
      return { command: [program, role, `${ring}`] };
    case "Deno": {
      const modules = ["backends/deno.ts", "backends/mock.ts", "src/xenstore/mod.ts", "src/vchan/mod.ts"].map(source);
      const end = new URL("end.ts", import.meta.url).pathname;
      return { command: [Deno.execPath(), ...RUN, end, ...modules, "denoDomain", ...rest] };
    }
    case "Node": {
      const modules = ["node", "mock", "xenstore", "vchan"].map((name) => `@gntalloc/gntalloc/${name}`);
      return { command: [node!, "--no-warnings", "end.ts", ...modules, "nodeDomain", ...rest], cwd: project! };
    }
  }
}
