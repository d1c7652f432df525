/**
 * The sides that make requests to a daemon of XenStore: a program in C on libxenstore, and this library in Deno and Node.
 *
 * @module
 */
import { Program } from "../../scripts/program.ts";
import { RUN } from "../../test/rig/guest/child.ts";
import { measureRounds, median, ratio } from "../harness/rounds.ts";
import { short, table } from "../harness/tables.ts";

/** How thoroughly to measure. */
export interface Plan {
  readonly rounds: number;
  /** Rounds before, which do not count, while the engines compile. */
  readonly first: number;
  /** How often each side reads or writes in a round. */
  readonly times: number;
  /** Milliseconds to wait for nothing. */
  readonly idle: number;
}

/** Where the programs are. */
export interface Programs {
  /** The program in C. */
  readonly client: string;
  /** Node, and a project with the packed package and `client.ts`, if Node takes part. */
  readonly node?: string | undefined;
  readonly project?: string | undefined;
}

/** One program, and what it does. */
interface Side {
  readonly name: string;
  readonly program: Program;
  readonly request: string;
}

/** The figures of a run, few enough for one line of a console. */
export interface StoreFigures {
  /** The median of each side's rounds in microseconds, and that of its ratio to C. */
  readonly sides: readonly (readonly [name: string, median: string, ratio: string])[];
  /** The share of a processor that idle watches take. */
  readonly idle: readonly (readonly [name: string, share: number])[];
}

/** The kernel's device, as a path of the daemon. */
export const DEVICE = "/dev/xen/xenbus";

const IN_FLIGHT = 16;
const WATCHES = 100;

/**
 * Measures all sides in interleaved rounds.
 *
 * @param xenstored The path of the daemon's socket, or the device.
 */
export async function measureStore(programs: Programs, xenstored: string, plan: Plan): Promise<StoreFigures> {
  const started: Program[] = [];
  const start = async (name: string, command: string, args: readonly string[], cwd?: string) => {
    const program = new Program(name, command, args, cwd);
    started.push(program);
    if (await program.read() !== "ready") throw new Error(`Cannot measure ${name}: it is not ready`);
    return program;
  };
  try {
    const sides: Side[] = [];
    const add = (name: string, program: Program) => {
      for (const what of ["read", "write"]) sides.push({ name: `${what}, ${name}`, program, request: what });
    };
    // libxenstore takes the path of a device for that of the socket.
    add("C", await start("C", "env", [`XENSTORED_PATH=${xenstored}`, programs.client]));
    const idle: [name: string, program: Program][] = [];
    for (const kind of kindsOf(programs)) {
      const begin = (inFlight: number, watches: number) =>
        start(kind.name, kind.command, [...kind.args, xenstored, `${inFlight}`, `${watches}`], kind.cwd);
      add(`${kind.name}, 1 in flight`, await begin(1, 0));
      add(`${kind.name}, ${IN_FLIGHT} in flight`, await begin(IN_FLIGHT, 0));
      const watching = await begin(1, WATCHES);
      add(`${kind.name}, 1 in flight, ${WATCHES} idle watches`, watching);
      idle.push([kind.name, watching]);
    }
    const measure = async ({ program, request }: Side) => Number(await program.ask(`${request} ${plan.times}`));
    await measureRounds(sides, plan.first, measure);
    const rounds = await measureRounds(sides, plan.rounds, measure);
    const shares: [string, number][] = [];
    for (const [name, program] of idle) {
      shares.push([name, Number(await program.ask(`idle ${plan.idle}`)) / (plan.idle * 1000)]);
    }
    const ofC = (request: string) => rounds[sides.findIndex((side) => side.request === request)]!;
    return {
      sides: sides.map(({ name, request }, at) => {
        return [name, short(median(rounds[at]!) / 1000), short(ratio(rounds[at]!, ofC(request)))];
      }),
      idle: shares,
    };
  } finally {
    for (const program of started) await program.kill().catch(() => {});
  }
}

function kindsOf({ node, project }: Programs) {
  const source = (path: string) => new URL(`../../${path}`, import.meta.url).href;
  return [
    {
      name: "Deno",
      command: Deno.execPath(),
      args: [
        ...[...RUN, new URL("client.ts", import.meta.url).pathname],
        ...[source("backends/deno.ts"), "denoDomain", source("src/xenstore/mod.ts")],
      ],
      cwd: undefined,
    },
    ...(node === undefined ? [] : [{
      name: "Node",
      command: node,
      args: ["--no-warnings", "client.ts", "@gntalloc/gntalloc/node", "nodeDomain", "@gntalloc/gntalloc/xenstore"],
      cwd: project,
    }]),
  ];
}

/** The figures as a text in Markdown. */
export function storeReport({ sides, idle }: StoreFigures): string {
  return [
    table(["request", "median, µs", "÷ C"], sides),
    ...idle.map(([name, share]) =>
      `\n${name} with ${WATCHES} idle watches takes ${(100 * share).toFixed(2)} % of a processor.`
    ),
  ].join("\n");
}
