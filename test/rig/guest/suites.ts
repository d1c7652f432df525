/** Conformance suites that run elsewhere: their tests are declared here, and asked for by name. */

import { Program } from "../../../scripts/program.ts";
import { EXAMPLE_NODE, NODE_PROJECT } from "./child.ts";
import type { Suite } from "./runner.ts";

/** Declares each test of a suite by its name. */
type Declare = (test: (name: string) => void) => void;

/** What a suite opens that runs elsewhere. */
export function openedElsewhere(): never {
  throw new Error("these tests run elsewhere");
}

/**
 * Declares a suite that runs under Node, in dom0.
 *
 * @param title What the names of its tests begin with.
 * @param args The program of `test/npm/programs/` that runs the tests that its input names, and its arguments.
 */
export function declareUnderNode({ test }: Suite, title: string, args: readonly string[], declare: Declare): void {
  let node: Program;
  test(`${title}: the suite starts`, () => {
    node = new Program("the suite under Node", `node${EXAMPLE_NODE}`, ["--no-warnings", ...args], NODE_PROJECT);
  });
  declare((name) =>
    test(`${title}: ${name}`, async () => {
      const { error } = JSON.parse(await node.ask(name));
      if (error !== undefined) throw new Error(error);
    })
  );
  test(`${title}: the suite ends well`, () => node[Symbol.asyncDispose]());
}
