/**
 * Runs a trace on the client and on the model, and compares them after each step. As a program, it replays a trace that
 * a failed test has printed: `deno run -A test/store_model/run.ts xenstored '[{…}, …]'`.
 */
import { assertSame, newest } from "../support/model.ts";
import { type Daemon, Model } from "./model.ts";
import { PATHS, type Step } from "./steps.ts";
import { System } from "./system.ts";

/** The client and the model, which take the same steps. */
export class Pair {
  readonly model: Model;
  readonly system: System;
  /** How many events came. */
  events = 0;

  private constructor(model: Model, system: System) {
    this.model = model;
    this.system = system;
  }

  static async open(daemon: Daemon): Promise<Pair> {
    return new Pair(new Model(daemon), await System.open(daemon));
  }

  /** Takes a step, and returns its answer; `undefined` if there is nothing yet that it could name. */
  async apply(step: Step): Promise<string | undefined> {
    const exact = this.#resolve(step);
    if (exact === undefined) return undefined;
    this.model.events = [];
    this.model.forgetAlternative();
    const answer = await this.#take(exact);
    await this.system.settle((program) => this.model.programs[program]!.alive);
    this.#compareEvents();
    const nodes = await this.system.nodes();
    const differs = () => PATHS.some((path, index) => nodes[index] !== this.model.describe(path));
    if (differs()) this.model.takeAlternative();
    PATHS.forEach((path, index) => assertSame(path, nodes[index], this.model.describe(path)));
    return answer;
  }

  #resolve(step: Step): Step | undefined {
    const { programs, watches } = this.model;
    if ("program" in step) {
      const program = newest(step.program, programs);
      return program === undefined ? undefined : { ...step, program };
    }
    if ("watch" in step) {
      const watch = newest(step.watch, watches);
      return watch === undefined ? undefined : { ...step, watch };
    }
    return step;
  }

  async #take(step: Step): Promise<string | undefined> {
    const { model, system } = this;
    const program = "program" in step ? model.programs[step.program]! : undefined;
    // What a dead program does is seen by requests alone.
    if (program?.alive === false && step.do !== "request") return undefined;
    switch (step.do) {
      case "start":
        model.start(step.domid);
        await system.start(step.domid, step.socket);
        return "done";
      case "kill":
      case "close":
        system[step.do](step.program);
        model.end(step.program);
        return "done";
      case "destroy":
        if (!model.exists(step.domid)) return undefined;
        system.destroy(step.domid);
        model.destroy(step.domid);
        return "done";
      case "request": {
        const { relative, request } = step;
        const inside = step.inside && program!.alive && program!.transaction !== undefined;
        const expected = model.request(step.program, inside, request);
        const answer = await system.request(step.program, inside, relative, request);
        if (expected === undefined) model.asked(step.program, request, answer);
        else if (answer !== expected) {
          throw new Error(`${JSON.stringify(step)}: got ${answer}, expected ${expected}`);
        }
        return isCode(answer) ? answer : "done";
      }
      case "begin":
        if (program!.transaction !== undefined) return undefined;
        await system.begin(step.program);
        model.begin(step.program);
        return "done";
      case "end": {
        if (program!.transaction === undefined) return undefined;
        const outcome = await system.end(step.program, step.commit);
        model.endTransaction(step.program, outcome);
        return outcome;
      }
      case "watch":
        system.watch(step.program, step.path, step.relative);
        model.watch(step.program, step.path);
        return "done";
      case "unwatch":
        if (model.watches[step.watch]!.ended) return undefined;
        system.unwatch(step.watch);
        model.unwatch(step.watch);
        return "done";
    }
  }

  #compareEvents(): void {
    const { model, system } = this;
    system.watches.forEach(({ came }, number) => {
      // A program that died in this step may have got something before.
      if (!model.watches[number]!.ended) {
        const expected = model.events.filter(({ watch }) => watch === number);
        const must = expected.filter((event) => event.must).map(({ path }) => path);
        const may = expected.map(({ path }) => path);
        assertSame(`missing events of watch ${number}`, must.filter((path) => !came.has(path)), []);
        assertSame(`events of watch ${number} for nothing`, [...came].filter((path) => !may.includes(path)), []);
        this.events += came.size;
      }
      came.clear();
    });
  }

  /** Ends everything. Throws if something is left. */
  finish(): void {
    this.system.finish();
  }
}

/** Whether an answer is the code of an error. Values and lists are shorter. */
function isCode(answer: string): boolean {
  return /^(not-found|denied|closed|invalid|refused|conflict)$/.test(answer);
}

if (import.meta.main) {
  const [daemon, trace] = Deno.args;
  if (trace === undefined || (daemon !== "xenstored" && daemon !== "oxenstored")) {
    console.error("usage: run.ts xenstored|oxenstored '[{…}, …]', a trace as a failed test prints it");
    Deno.exit(2);
  }
  const pair = await Pair.open(daemon);
  for (const step of JSON.parse(trace) as Step[]) {
    console.log(JSON.stringify(step), "→", await pair.apply(step) ?? "skipped: there is nothing that it could name");
  }
  pair.finish();
  console.log("no difference");
}
