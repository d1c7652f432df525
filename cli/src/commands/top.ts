import { parseTrace } from "@gntalloc/gntalloc/record";
import { setTimeout as sleep } from "node:timers/promises";
import { UsageError } from "../exit.ts";
import type { Host } from "../host.ts";
import { paletteOf } from "../palette.ts";
import { printable } from "../printable.ts";
import { Screen } from "../screen.ts";
import { withSession } from "../script/session.ts";
import { readText } from "../files.ts";
import { recordedDomids, TraceMachine } from "../trace/trace_machine.ts";
import { readDuration } from "../values.ts";
import { isTrace, parseReport, type Report, viewOf } from "../view/source.ts";
import { prepare } from "./run.ts";

/** The options of `top`. */
export interface TopCommandOptions {
  readonly mock?: boolean;
  readonly script?: string;
  readonly line?: readonly string[];
  readonly every: string;
  readonly once?: boolean;
}

/** Shows a live view: of a report that a program writes again and again, of a trace, or of a script. */
export async function top(host: Host, file: string | undefined, options: TopCommandOptions): Promise<void> {
  const every = readDuration(options.every, "--every");
  const screen = new Screen(host);
  const palette = paletteOf(host.colours);
  const ended = new AbortController();
  const signal = AbortSignal.any([host.signal, ended.signal]);
  const key = host.isInteractive && host.isTerminal ? host.key(signal).then(() => ended.abort(), () => {}) : undefined;
  const show = async (report: Report, heading: string) => {
    const help = key === undefined ? "" : palette.faint("  (a key ends it)");
    await screen.show(`${palette.faint(printable(heading))}${help}\n${viewOf(report, palette)}`);
    if (!options.once) await sleep(every, undefined, { signal });
  };
  try {
    if (file !== undefined) await watchFile(file, options.once === true, show);
    else await watchScript(host, signal, options, show);
    // The last picture stays until somebody has seen it.
    if (key !== undefined && !options.once) await key;
    host.signal.throwIfAborted();
  } catch (error) {
    if (!ended.signal.aborted) throw error;
    // The key may have been Ctrl-C.
    host.signal.throwIfAborted();
  } finally {
    ended.abort();
    await screen.leave();
  }
}

type Show = (report: Report, heading: string) => Promise<void>;

async function watchFile(file: string, once: boolean, show: Show): Promise<void> {
  const text = readText(file);
  if (isTrace(text)) return await watchTrace(text, file, once, show);
  let report = parseReport(text, file);
  let heading = file;
  for (;;) {
    await show(report, heading);
    if (once) return;
    try {
      report = parseReport(readText(file), file);
      heading = file;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      // Whoever writes it may be about to: the last report stays.
      heading = `${file} (cannot be read now)`;
    }
  }
}

async function watchTrace(text: string, file: string, once: boolean, show: Show): Promise<void> {
  const { calls } = parseTrace(text);
  const machine = new TraceMachine(recordedDomids(calls) ?? [1, 0]);
  let heading: string | undefined;
  const step = () => show({ kind: "machine", machine: machine.inspect() }, heading ?? `${file}: no calls`);
  for (const call of calls) {
    machine.follow(call);
    if (call.call === "mark") continue;
    heading = `${file} line ${call.line}: ${call.part}.${call.call}`;
    if (!once) await step();
  }
  if (once || heading === undefined) await step();
}

async function watchScript(
  host: Host,
  signal: AbortSignal,
  { mock, script, line, once }: TopCommandOptions,
  show: Show,
): Promise<void> {
  if (script === undefined && line === undefined) {
    throw new UsageError(
      `Cannot show anything as there is nothing to see${
        mock ? " on an empty machine" : ""
      }: name a report or a trace, or use --script or --line.`,
    );
  }
  const { statements, world } = await prepare(script, { mock: true, line: line ?? [] });
  const said: string[] = [];
  const say = (text: string) => {
    said.push(text);
    return Promise.resolve();
  };
  await withSession(world, { say, palette: paletteOf(false), signal: host.signal }, async (session) => {
    await session.run(statements, async () => {
      signal.throwIfAborted();
      const last = said.splice(0).join("; ");
      if (!once) await show({ kind: "machine", machine: world.xen!.inspect() }, last);
    });
    if (once) await show({ kind: "machine", machine: world.xen!.inspect() }, "at the end of the script");
  });
}
