/**
 * Runs steps on the library and on the model, and compares them. To replay the trace that a failed test prints:
 *
 * ```sh
 * deno run -A test/model/run.ts linux-5.16 buffers '[{"do":"open"},{"do":"allocate","file":0,"pages":3,"domid":0,"writable":true}]'
 * ```
 */
import { type MockMemory, type MockProfile, MockXen } from "../../backends/mock.ts";
import { PAGE_SIZE } from "../../mod.ts";
import { type Answer, newest } from "../support/model.ts";
import { Model, type Step } from "./model.ts";
import { compare, System } from "./system.ts";

/** The limit at the start, and the number of references of one frame: small, so that both are reached. */
export const LIMIT = 400;
const TABLE_SIZE = 504;

/** The model and the library, in the same state. */
export class Pair {
  readonly model: Model;
  readonly system: System;

  constructor(profile: MockProfile, memory: MockMemory) {
    this.model = new Model(profile, LIMIT, TABLE_SIZE);
    this.system = new System(new MockXen({ profile, memory, tableFrames: 1, limit: Infinity }), LIMIT);
  }

  /** Replaces the names of a step by indices. Returns `undefined` if there is nothing yet that it could name. */
  #resolve(step: Step): Step | undefined {
    const { files, mappings, peerMappings, pages } = this.model;
    switch (step.do) {
      case "close":
      case "allocate": {
        const file = newest(step.file, files);
        return file === undefined ? undefined : { ...step, file };
      }
      case "free":
      case "map":
      case "notify": {
        const number = newest(step.page, pages);
        if (number === undefined) return undefined;
        const { file, index } = pages[number]!;
        return { ...step, file, page: index };
      }
      case "unmap":
      case "write":
      case "peerUnmap":
      case "peerWrite": {
        const all = step.do === "unmap" || step.do === "write" ? mappings : peerMappings;
        const mapping = newest(step.mapping, all);
        if (mapping === undefined) return undefined;
        if (step.do === "unmap" || step.do === "peerUnmap") return { ...step, mapping };
        return { ...step, mapping, byte: step.byte % (all[mapping]!.pages.length * PAGE_SIZE) };
      }
      case "peerMap": {
        const page = newest(step.page, pages);
        return page === undefined ? undefined : { ...step, page, count: Math.min(step.count, pages.length - page) };
      }
      default:
        return step;
    }
  }

  /**
   * Does a step on both sides, and throws if they differ. Returns the answer, or `undefined` if the step named nothing.
   */
  apply(step: Step): Answer | undefined {
    const exact = this.#resolve(step);
    if (!exact) return undefined;
    const { model, system } = this;
    const known = model.pages.length;
    const answer = system.apply(exact);
    const expected = model.apply(exact, system.granted);
    if (answer !== expected) throw new Error(`${JSON.stringify(exact)}: got ${answer}, expected ${expected}`);
    for (const page of model.pages.slice(known)) system.grefs.push(page.gref);
    compare(model, system);
    return answer;
  }

  /** Ends everything. Throws if something is left. */
  finish(): void {
    const { system } = this;
    system.finish();
    const { live, mapped, pending } = system.device.inspect();
    if (live + mapped + pending > 0) throw new Error(`left: ${live} live, ${mapped} mapped, ${pending} pending`);
    system.xen.assertClean();
  }
}

if (import.meta.main) {
  const [profile, memory, trace] = Deno.args;
  if (
    (profile !== "linux-5.16" && profile !== "linux-6.1") || (memory !== "buffers" && memory !== "slabs") ||
    trace === undefined
  ) {
    console.error("usage: run.ts linux-5.16|linux-6.1 buffers|slabs '[{…}, …]', a trace as a failed test prints it");
    Deno.exit(2);
  }
  const pair = new Pair(profile, memory);
  for (const step of JSON.parse(trace) as Step[]) {
    console.log(JSON.stringify(step), "→", pair.apply(step) ?? "skipped: there is nothing yet that it could name");
  }
  pair.finish();
  console.log("no difference");
}
