/**
 * Runs in dom0: the npm package on each Node, on the real devices. The results are those of one program, in its order.
 */

import { declare as declareBench, SMOKE } from "../../../bench/device/guest.ts";
import { eventsConformance, grantsConformance, mapsConformance } from "../../conformance/mod.ts";
import { NODES } from "../../../scripts/npm/node_lines.ts";
import { linesOf } from "../../../scripts/program.ts";
import { NODE_PROJECT } from "./child.ts";
import { declare as declareExits } from "./exits.ts";
import { eventFacts } from "./machine.ts";
import { run, type Suite } from "./runner.ts";

export function declare(suite: Suite): void {
  for (const line of NODES) declareLine(suite, line);
  declareBench(suite, SMOKE);
}

function declareLine(suite: Suite, line: string): void {
  const { test } = suite;
  let lines: AsyncIterator<string> | undefined;
  const report = (name: string) => {
    test(`Node ${line}: ${name}`, async () => {
      lines ??= start(line);
      const { value, done } = await lines.next();
      if (done) throw new Error("Node ended before this test");
      const said: { name: string; error?: string } = JSON.parse(value);
      if (said.name !== name) throw new Error(`Node ran another test: ${said.name}`);
      if (said.error !== undefined) throw new Error(said.error);
    });
  };
  test(`Node ${line}: this is that Node`, async () => {
    const { stdout } = await new Deno.Command(`node${line}`, { args: ["--version"] }).output();
    const version = new TextDecoder().decode(stdout);
    if (!version.startsWith(`v${line}.`)) throw new Error(`this is ${version}`);
  });
  const named = {
    test: report,
    open() {
      throw new Error("only the names are wanted here");
    },
  };
  grantsConformance(named);
  mapsConformance(named);
  eventsConformance(named);
  report("a file that is another device is an error with the way out");
  report("memory that is moved away stays, and shares nothing once its mapping has ended");

  test(`Node ${line}: it ends well`, async () => {
    const { done, value } = await lines!.next();
    if (!done) throw new Error(`Node ran a test more: ${value}`);
  });

  declareExits(suite, line);
}

async function* start(line: string): AsyncGenerator<string> {
  const node = new Deno.Command(`node${line}`, {
    args: ["real_device.ts", "0", JSON.stringify(eventFacts())],
    cwd: NODE_PROJECT,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  yield* linesOf(node.stdout);
  const { success, code, signal } = await node.status;
  if (!success) throw new Error(`Node ended with ${signal ?? code}`);
}

if (import.meta.main) await run(declare);
