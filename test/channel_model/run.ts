/**
 * Runs steps on the library and on the model, and compares them. To replay the trace that a failed test prints:
 *
 * ```sh
 * deno run -A test/channel_model/run.ts '[{"do":"start","domid":0},{"do":"bind","program":0,"domid":1}]'
 * ```
 */
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { PAGE_SIZE } from "../../mod.ts";
import { type Mapping, Model } from "./model.ts";
import { type Answer, assertSame, newest } from "../support/model.ts";
import type { Place, Step } from "./steps.ts";
import { System } from "./system.ts";

/** More turns of the event loop than an event needs from one program to another. */
const TURNS = 3;

/** The model and the library, in the same state. */
export class Pair {
  readonly model = new Model();
  readonly system = new System();
  /** How often a waiter was woken, and how often it got each error. */
  readonly outcomes = new Map<string, number>();
  /** The number of failures of waiting that are known. */
  #failed = 0;

  /** Replaces the names of a step by indices. Returns `undefined` if there is nothing yet that it could name. */
  #resolve(step: Step): Step | undefined {
    const { programs, pages, mappings, channels } = this.model;
    const exact: Record<string, unknown> = { ...step };
    for (
      const [name, list] of Object.entries({ program: programs, page: pages, mapping: mappings, channel: channels })
    ) {
      if (!(name in exact) || exact[name] === null) continue;
      const number = newest(exact[name] as number, list);
      if (number === undefined) return undefined;
      exact[name] = number;
    }
    if (step.do === "map") {
      if (pages.length === 0) return undefined;
      exact.pages = step.pages.map((page) => newest(page, pages));
    }
    if (step.do === "copy") {
      if (pages.length === 0) return undefined;
      const place = (place: Place | null) => place && { ...place, page: newest(place.page, pages) };
      exact.segments = step.segments.map((segment) => ({
        ...segment,
        from: place(segment.from),
        to: place(segment.to),
      }));
    }
    // A dead program writes nothing, but its views on the mock could.
    if (step.do === "write" && !this.model.alive(mappings[exact.mapping as number]!.program)) return undefined;
    const size = step.do === "notify" || step.do === "write"
      ? mappings[exact.mapping as number]!.pages.length * PAGE_SIZE
      : PAGE_SIZE;
    for (const name of ["byte", "clearByte"]) {
      if (typeof exact[name] === "number") exact[name] = exact[name] % size;
    }
    return exact as unknown as Step;
  }

  /**
   * Does a step on both sides, and throws if they differ. Returns the answer, or `undefined` if the step named nothing.
   */
  async apply(step: Step): Promise<Answer | undefined> {
    const exact = this.#resolve(step);
    if (!exact) return undefined;
    const { model, system } = this;
    const answer = system.apply(exact);
    const expected = model.apply(exact, system.given);
    if (answer !== expected) throw new Error(`${JSON.stringify(exact)}: got ${answer}, expected ${expected}`);
    if (answer !== "backend-failed") assertSame("copied", system.copied, model.copied);
    await this.#settle();
    this.#compare();
    return answer;
  }

  /** Lets events come, and checks what became of the waiters. */
  async #settle(): Promise<void> {
    const { model, system } = this;
    const late = () =>
      system.waiters.filter(({ channel, outcome }) => {
        const { owed, unbound, program } = model.channels[channel]!;
        // A dead program waits for ever.
        return outcome === undefined && (unbound || owed && model.alive(program));
      });
    for (let turn = 0; turn < TURNS; turn++) await nextTurn();
    // Only an event that follows one that was no news takes a timer.
    for (let time = 0; time < 3 && late().length > 0; time++) await sleep(2);
    assertSame("those who must not wait any more", late(), []);

    const done = system.waiters.filter(({ outcome }) => outcome !== undefined);
    const woken = new Set<number>();
    for (const waiter of done) {
      system.waiters.splice(system.waiters.indexOf(waiter), 1);
      const { outcome, channel } = waiter;
      this.outcomes.set(outcome!, (this.outcomes.get(outcome!) ?? 0) + 1);
      const { unbound, program } = model.channels[channel]!;
      // `Faults` wakes a waiter itself for events that it kept back, also after the death of the program.
      const kept = !model.alive(program) && system.failedWaiting > 0;
      if (outcome === "woken") woken.add(channel);
      else if (outcome === "closed") assertSame("closed", unbound || kept, true);
      else {
        assertSame("why waiting ended", outcome, "backend-failed");
        assertSame("a fault in waiting", system.failedWaiting > this.#failed, true);
      }
    }
    this.#failed = system.failedWaiting;
    for (const number of woken) {
      const channel = model.channels[number]!;
      channel.woken++;
      channel.owed = false;
      if (channel.woken > channel.sent) {
        throw new Error(`channel ${number}: somebody was woken ${channel.woken} times, by ${channel.sent} events`);
      }
    }
  }

  /** Throws unless both are in the same state: the tables of the machine, and every byte that was written. */
  #compare(): void {
    const { model, system } = this;
    for (const domid of model.domains.keys()) {
      const domain = system.machine.find(domid);
      assertSame(`domain ${domid}`, domain !== undefined, model.domains[domid]!.there);
      const granted = model.granted(domid);
      assertSame(`grant table of ${domid}`, domain ? [domain.table.used, domain.table.mapped] : [0, 0], [
        granted.length,
        granted.filter(({ maps }) => maps > 0).length,
      ]);
      // All granted pages, even those that nobody maps.
      for (const { gref, bytes } of granted) {
        const mapped = domain!.memory(gref).map(domain!.table.page(gref), 1);
        for (const [byte, value] of bytes) assertSame(`byte ${byte} of ${gref} of ${domid}`, mapped.bytes[byte], value);
        mapped.unmap();
      }
      const ports = [...domain?.ports.all() ?? []];
      const shown = (list: { number: number; remote?: { number: number } | null | undefined }[]) =>
        list.map(({ number, remote }) => [number, remote?.number ?? 0]).sort(([one], [other]) => one! - other!);
      assertSame(`ports of ${domid}`, shown(ports), shown(model.ports(domid)));
    }
    model.mappings.forEach((mapping, number) => this.#compareBytes(mapping, number));
    model.channels.forEach(({ unbound }, number) => {
      assertSame(`unbound ${number}`, system.channels[number]!.channel.closed, unbound);
    });
  }

  #compareBytes({ ended, pages, program }: Mapping, number: number): void {
    const mapping = this.system.mappings[number]!;
    assertSame(`unmapped ${number}`, mapping.unmapped, ended);
    if (ended || !this.model.alive(program)) return;
    pages.forEach((page, index) => {
      for (const [byte, value] of page.bytes) {
        const found = mapping.read(index * PAGE_SIZE + byte, 1)[0];
        if (found !== value) {
          throw new Error(`byte ${byte} of page ${index} of mapping ${number} is ${found}, expected ${value}`);
        }
      }
    });
  }

  /** Ends everything. Throws if something is left, or somebody still waits. */
  async finish(): Promise<void> {
    this.system.finish();
    for (const channel of this.model.channels) channel.unbound = true;
    await this.#settle();
    assertSame("waiters", this.system.waiters, []);
  }
}

if (import.meta.main) {
  const [trace] = Deno.args;
  if (trace === undefined) {
    console.error("usage: run.ts '[{…}, …]', a trace as a failed test prints it");
    Deno.exit(2);
  }
  const pair = new Pair();
  for (const step of JSON.parse(trace) as Step[]) {
    console.log(
      JSON.stringify(step),
      "→",
      await pair.apply(step) ?? "skipped: there is nothing yet that it could name",
    );
  }
  await pair.finish();
  console.log("no difference");
}
