/**
 * Runs in dom0, on two emulated processors: what channels rely on, `Atomics` on plain buffers between two threads. An
 * emulated aarch64 is not as free to reorder as a real one, but its programs are those that a real one runs.
 */

import { faultsOf } from "../../npm/programs/litmus.ts";
import { assert, assertEquals } from "../../conformance/asserts.ts";
import { EXAMPLE_NODE, NODE_PROJECT, RUN } from "./child.ts";
import { run, type Suite } from "./runner.ts";

export function declare({ test }: Suite): void {
  let found: Record<string, [number[], number[]]>;

  test("Deno: nothing is lost, undone, or seen in another order", async () => {
    const program = new URL("../../linux/litmus.ts", import.meta.url).pathname;
    found = JSON.parse(await output(Deno.execPath(), [...RUN, program]));
    assertEquals(faultsOf(found), []);
  });

  test("Deno: the rings carry a stream between threads that wait for each other", () => {
    const [[, writerWaits], [wrong, readerWaits]] = found["rings"] as [[number, number], [number, number]];
    assertEquals(wrong, 0);
    assert(writerWaits + readerWaits > 0, "nobody had to wait");
  });

  test(`Node ${EXAMPLE_NODE}: nothing is lost, undone, or seen in another order`, async () => {
    const { passed, failed } = JSON.parse(await output(`node${EXAMPLE_NODE}`, ["litmus_node.ts"]));
    assertEquals(failed, []);
    assert(passed > 0, "no experiment ran");
  });
}

async function output(command: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args], cwd: NODE_PROJECT }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

if (import.meta.main) await run(declare);
