/**
 * Random calls, with replies that come late, in any order and in pieces; requests that are given up; transactions that
 * conflict; and, at some moment, garbage, a closed socket or a closed store. Every call must settle as it should.
 */
import fc from "fast-check";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import { StoreError, type StoreWatch, XenStore } from "../../src/xenstore/mod.ts";
import { type Answer, ScriptedStore, type SentRequest, settle } from "../support/scripted_store.ts";

type Step =
  | { do: "read" | "list" | "write" | "wait"; abort: boolean }
  | { do: "transaction"; conflicts: number; fails: boolean }
  | { do: "burst" | "watch" | "next" | "event" | "close watch" | "settle" }
  | { do: "reply"; which: number }
  | { do: "chunk"; size: number }
  | { do: "end"; how: "garbage" | "hang up" | "close" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom("read", "list", "write", "wait"), abort: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("transaction" as const),
      conflicts: fc.nat({ max: 3 }),
      fails: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom("burst", "watch", "next", "event", "close watch", "settle") }),
  },
  { weight: 12, arbitrary: fc.record({ do: fc.constant("reply" as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("chunk" as const), size: fc.integer({ min: 1, max: 40 }) }) },
);
const ending = fc.record({ do: fc.constant("end" as const), how: fc.constantFrom("garbage", "hang up", "close") });
const run = fc.tuple(
  fc.array(step, { maxLength: 80, size: "max" }),
  fc.option(ending),
  fc.array(step, { maxLength: 10 }),
);

/** A node whose number can be divided by 5 is not there. */
const isThere = (number: number) => number % 5 !== 0;

/** One run: a store, its daemon, and what must come of the calls. */
class Run {
  readonly #daemon = new ScriptedStore();
  readonly #held: { request: SentRequest; answer: NonNullable<Answer> }[] = [];
  readonly #outcomes: Promise<void>[] = [];
  readonly #abort = new AbortController();
  readonly #watches: StoreWatch[] = [];
  readonly #conflicts = new Map<number, number>();
  #count = 0;
  #ended = false;
  #store!: XenStore;

  async open(): Promise<void> {
    this.#store = await XenStore.open({ store: this.#daemon });
    for (const type of Object.values(StoreMessage)) {
      this.#daemon.answers.set(type, (request) => void this.#held.push({ request, answer: this.#answer(request) }));
    }
  }

  #answer({ type, text, transaction }: SentRequest): NonNullable<Answer> {
    const [path = "", token = ""] = text.split("\0");
    const number = Number(path.slice(1));
    switch (type) {
      case StoreMessage.READ:
        return isThere(number) ? `value ${number}` : { error: number % 2 === 0 ? "ENOENT" : "EACCES" };
      case StoreMessage.DIRECTORY:
        return isThere(number) ? `name-${number}\0` : { error: "ENOENT" };
      case StoreMessage.WRITE:
        return isThere(number) ? "OK\0" : { error: "EQUOTA" };
      case StoreMessage.WATCH:
        this.#daemon.watches.set(token, path);
        this.#daemon.event(path, token);
        return "OK\0";
      case StoreMessage.UNWATCH:
        this.#daemon.watches.delete(token);
        return "OK\0";
      case StoreMessage.TRANSACTION_START:
        return `${++this.#daemon.transaction}\0`;
      case StoreMessage.TRANSACTION_END: {
        const left = this.#conflicts.get(transaction) ?? 0;
        return path === "T" && left > 0 ? { error: "EAGAIN" } : "OK\0";
      }
      default:
        return { error: "ENOSYS" };
    }
  }

  /** Notes a call, and what must come of it unless the connection ends or the call is given up. */
  #expect<Value>(call: Promise<Value>, check: (value: Value) => void, codes: readonly string[], aborts = false): void {
    this.#outcomes.push(call.then(check, (error) => {
      if (aborts && error === "given up") return;
      expect(error).toBeInstanceOf(StoreError);
      expect([...codes, ...(this.#ended ? ["disconnected", "closed"] : [])]).toContain((error as StoreError).code);
    }));
  }

  async take(step: Step): Promise<void> {
    const number = this.#count++;
    const path = `n${number}`;
    const options = "abort" in step && step.abort ? { signal: this.#abort.signal } : {};
    switch (step.do) {
      case "read":
        return this.#expect(
          this.#store.readText(path, options),
          (text) => expect([isThere(number), text]).toEqual([true, `value ${number}`]),
          isThere(number) ? [] : ["not-found", "denied"],
          step.abort,
        );
      case "list":
        return this.#expect(
          this.#store.list(path, options),
          (names) => expect(names).toEqual([`name-${number}`]),
          isThere(number) ? [] : ["not-found"],
          step.abort,
        );
      case "write":
        return this.#expect(
          this.#store.write(path, `value ${number}`, options),
          () => expect(isThere(number)).toBe(true),
          isThere(number) ? [] : ["quota"],
          step.abort,
        );
      case "wait":
        if (!isThere(number)) return;
        return this.#expect(
          this.#store.waitFor(path, undefined, options),
          (text) => expect(text).toBe(`value ${number}`),
          [],
          step.abort,
        );
      case "transaction": {
        let runs = 0;
        const call = this.#store.transaction(async (transaction) => {
          this.#conflicts.set(this.#daemon.transaction, step.conflicts - runs++);
          if (step.fails) throw new StoreError("planned", { code: "exists", operation: "write" });
          return await transaction.readText("n1");
        });
        const check = (text: string) => expect([text, runs]).toEqual(["value 1", step.conflicts + 1]);
        return this.#expect(call, check, step.fails ? ["exists"] : []);
      }
      case "burst":
        for (let count = 0; count < 10; count++) await this.take({ do: "read", abort: count === 5 });
        return;
      case "watch":
        this.#watches.push(this.#store.watch(path));
        return;
      case "next": {
        const watch = this.#watches[number % this.#watches.length];
        if (watch === undefined) return;
        return this.#expect(watch.next(), ({ done, value }) => expect(done ? watch.path : value).toBe(watch.path), []);
      }
      case "event":
        for (const [token, watched] of this.#daemon.watches) this.#daemon.event(watched, token);
        return this.#daemon.event("a", "unknown");
      case "close watch":
        return this.#watches.shift()?.close();
      case "reply":
        return this.#reply(step.which);
      case "settle":
        return await settle(3);
      case "chunk":
        this.#daemon.chunk = step.size;
        return;
      case "end":
        this.#ended = true;
        if (step.how === "garbage") this.#daemon.push(new Array(16).fill(0xff));
        else if (step.how === "hang up") this.#daemon.hangUp();
        else this.#store.close();
    }
  }

  #reply(which: number): void {
    const [held] = this.#held.splice(which % Math.max(this.#held.length, 1), 1);
    if (held) this.#daemon.reply(held.request, held.answer);
  }

  /** Gives up what can be given up, answers everything, and checks that nothing is left. */
  async end(): Promise<void> {
    this.#abort.abort("given up");
    this.#daemon.chunk = Infinity;
    for (const watch of this.#watches) watch.close();
    let settled = false;
    const all = Promise.all(this.#outcomes).finally(() => settled = true);
    all.catch(() => {});
    while (!settled) {
      while (this.#held.length > 0) this.#reply(0);
      // Pauses before a transaction is repeated take some milliseconds.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await all;
    expect(this.#daemon.waiting).toBe(false);
    if (!this.#ended) await this.#drain();
    this.#store.close();
    expect(this.#daemon.closed).toBe(1);
    expect(inspect(this.#store)).toContain("requests: 0");
  }

  /** Requests for which nobody waited, such as the ends of watches, are answered with the next one. */
  async #drain(): Promise<void> {
    const read = this.#store.readText("n1");
    while (this.#held.length > 0) {
      while (this.#held.length > 0) this.#reply(0);
      await settle(3);
    }
    await read;
    expect([this.#daemon.watches.size, this.#daemon.waiting]).toEqual([0, false]);
    expect(inspect(this.#store)).toContain("requests: 0");
  }
}

test("every call settles as it should, whatever happens", async () => {
  await fc.assert(
    fc.asyncProperty(run, async ([before, ending, after]) => {
      const run = new Run();
      await run.open();
      for (const step of [...before, ...(ending ? [ending, ...after] : [])]) await run.take(step);
      await run.end();
    }),
    { numRuns: 150 },
  );
});
