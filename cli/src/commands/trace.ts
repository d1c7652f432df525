import { MockXen } from "@gntalloc/gntalloc/mock";
import { Recorder, replayAsync } from "@gntalloc/gntalloc/record";
import { closeSync, openSync, writeSync } from "node:fs";
import { Failed, UsageError } from "../exit.ts";
import type { Host } from "../host.ts";
import { paletteOf } from "../palette.ts";
import { printable, printableJson } from "../printable.ts";
import { releasing } from "../release.ts";
import { withSession } from "../script/session.ts";
import type { World } from "../script/world.ts";
import { readText } from "../files.ts";
import { readTrace } from "../trace/read_trace.ts";
import { differenceOf } from "../trace/trace_difference.ts";
import { DOMAIN_MARK, recordedDomids } from "../trace/trace_machine.ts";
import { readDomid } from "../values.ts";
import { prepare, type RunCommandOptions } from "./run.ts";

/** The options of `trace record`. */
export interface RecordCommandOptions extends RunCommandOptions {
  readonly output: string;
}

/** The options of `trace replay`. */
export interface ReplayCommandOptions {
  readonly domain?: readonly string[];
}

/** Runs a script, and records what it asks of the devices. */
export async function record(host: Host, script: string | undefined, options: RecordCommandOptions): Promise<void> {
  const { statements, world } = await prepare(script, options);
  const file = openTrace(options.output);
  await releasing(() => closeSync(file), async () => {
    const recorder = new Recorder((line) => writeSync(file, `${line}\n`));
    const say = (line: string) => host.out(`${line}\n`);
    const session = { say, palette: paletteOf(host.colours), signal: host.signal };
    await releasing(
      () => host.note(`${options.output}: ${recorder.lines} lines`),
      () => withSession(recordedWorld(world, recorder), session, (one) => one.run(statements)),
    );
    const { failure } = recorder;
    if (failure !== undefined) throw new Error(`Cannot write ${options.output}: ${(failure as Error).message}`);
  });
}

function openTrace(path: string): number {
  try {
    return openSync(path, "w");
  } catch (error) {
    throw new UsageError(`Cannot write ${path}: ${(error as Error).message}`);
  }
}

/** A world whose programs are recorded, each as a domain of the trace. */
function recordedWorld(world: World, recorder: Recorder): World {
  return {
    xen: world.xen,
    async start(domid) {
      const program = await world.start(domid);
      // The trace has no numbers of domains, and a replay needs them.
      recorder.mark(DOMAIN_MARK, program.domid);
      return { ...program, domain: { ...program.domain, ...recorder.wrap(program.domain) } };
    },
  };
}

/** Replays a trace on a simulated Xen, up to the first difference. */
export async function replay(host: Host, path: string, { domain = [] }: ReplayCommandOptions): Promise<void> {
  const text = readText(path);
  const domids = domain.length > 0
    ? domain.map((domid) => readDomid(domid, "--domain"))
    : recordedDomids(readTrace(path).calls) ?? [1, 0];
  const xen = new MockXen();
  const domains = domids.map((domid) => xen.domain(domid));
  const { calls, difference, cut, openAtEnd = [] } = await replayAsync(text, { domains });
  if (difference !== undefined) {
    await host.out(`${printable(difference.message)}\n`);
    throw new Failed("it differs");
  }
  await host.out(`${calls} calls were answered as in the recording${cut ? "; the last line is cut off" : ""}\n`);
  if (openAtEnd.length > 0) await host.out(`not given back at the end: ${printable(openAtEnd.join(", "))}\n`);
}

/** Finds the first call in which two traces differ. */
export async function diff(host: Host, one: string, other: string): Promise<void> {
  const difference = differenceOf(readTrace(one).calls, readTrace(other).calls);
  if (difference === undefined) {
    await host.out("the same calls, with the same answers\n");
    return;
  }
  const sides = [[one, difference.one], [other, difference.other]] as const;
  for (const [path, call] of sides) {
    if (call === undefined) {
      await host.out(`${path} has ended\n`);
      continue;
    }
    const { line, ...rest } = call;
    await host.out(`${path} line ${line}: ${printableJson(rest)}\n`);
  }
  throw new Failed("they differ");
}
