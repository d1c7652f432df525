/**
 * The comparison with the real kernel, tested without one: what the traces contain, and that planted faults are found.
 */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { debugCore } from "../support/debug_core.ts";
import { compareBatch, FIXED } from "./batch.ts";
import { compare } from "./compare.ts";
import { Differences } from "./differences.ts";
import declared from "./differences.json" with { type: "json" };
import { Executor } from "./executor.ts";
import { Forecast, isSafe } from "./forecast.ts";
import { generate } from "./generate.ts";
import { handTraces } from "./hand_traces.ts";
import { LibraryMachine } from "./library_machine.ts";
import type { Machine } from "./machine.ts";
import { around, MUTANTS } from "./mutants.ts";
import { Random } from "../support/random.ts";
import { shrink } from "./shrink.ts";
import { situations } from "./situations.ts";
import { parseTrace, printTrace, type Step } from "./trace.ts";

const TRACES = Array.from({ length: FIXED.traces }, (_, number) => generate(FIXED.seed + number, FIXED.steps));

/** The first numbers of splitmix32 from the seed 1, and the hash of all traces. Every runtime must have the same. */
const FIRST_NUMBERS = [1_580_013_426, 350_525_680, 3_524_174_333];
const HASH = "7d478902bb8c6aaa";

/** How often each situation must occur: about half as often as it does. */
const AT_LEAST: Readonly<Record<string, number>> = {
  "a closed file's page is unmapped": 100,
  "a huge count": 20,
  "a limit below what is in use": 70,
  "allocate: ENOSPC": 500,
  "allocate: RangeError": 40,
  "allocate: page": 1000,
  "close: ok": 300,
  "closed while mapped": 90,
  "closed while the peer has pages": 80,
  "free across a multiple of 64": 10,
  "free across allocations": 100,
  "free of what is mapped": 200,
  "free of what the peer has": 200,
  "free of what was freed": 100,
  "free: EINVAL": 800,
  "free: RangeError": 50,
  "free: ok": 800,
  "limit: ok": 600,
  "map across a multiple of 64": 20,
  "map across allocations": 100,
  "map of what is mapped": 300,
  "map of what the peer has": 200,
  "map of what was freed": 100,
  "map: ENOENT": 800,
  "map: RangeError": 50,
  "map: ok": 800,
  "no limit": 50,
  "not the last use of a page ends": 90,
  "notify: EINVAL": 100,
  "notify: ENOENT": 400,
  "notify: ok": 500,
  "open: ok": 500,
  "peerMap again of what was released": 100,
  "peerMap of an ended reference": 300,
  "peerMap of ended and live references": 7,
  "peerMap of several pages": 100,
  "peerMap: EINVAL": 500,
  "peerMap: ok": 1000,
  "peerMapUnknown: EINVAL": 100,
  "peerRead what was released": 1000,
  "peerRead: bytes": 800,
  "peerRead: zeros": 1000,
  "peerUnmap: ok": 400,
  "peerWrite what was released": 200,
  "peerWrite: ok": 500,
  "read what was freed": 100,
  "read: bytes": 300,
  "read: zeros": 400,
  "the last use of a page ends": 100,
  "unmap: ok": 600,
  "write what was freed": 100,
  "write: ok": 600,
};

/** Makes an executor on this library. */
function library(): Executor {
  return new Executor(new LibraryMachine({ core: debugCore }));
}

describe("the traces", () => {
  test("are the same everywhere", () => {
    const random = new Random(1);
    expect(Array.from({ length: 3 }, () => random.next())).toEqual(FIRST_NUMBERS);
    const hash = createHash("sha256");
    for (const trace of TRACES) hash.update(printTrace(trace));
    expect(hash.digest("hex").slice(0, 16)).toBe(HASH);
  });

  test("are all safe to play on a real device, and survive being printed and parsed", () => {
    for (const trace of TRACES) {
      expect(isSafe(trace)).toBe(true);
      expect(parseTrace(printTrace(trace, ["ok"]))).toEqual(trace);
    }
  });

  test("contain everything, often enough", () => {
    const counts = new Map<string, number>();
    const executor = library();
    for (const trace of TRACES) {
      const forecast = new Forecast();
      for (const step of trace) {
        for (const name of situations(step, executor.answer(step), forecast)) {
          counts.set(name, (counts.get(name) ?? 0) + 1);
        }
        forecast.apply(step);
      }
      executor.reset();
    }
    // Any other answer is one that nobody thought of.
    expect([...counts.keys()].sort()).toEqual(Object.keys(AT_LEAST).sort());
    for (const [name, least] of Object.entries(AT_LEAST)) {
      expect(counts.get(name), name).toBeGreaterThanOrEqual(least);
    }
  });
});

/** Returns the message of the difference that some fixed traces find between this library and another machine. */
function found(machine: () => Machine): string {
  try {
    compareBatch(FIXED, new LibraryMachine(), machine, new Differences());
  } catch (error) {
    return (error as Error).message;
  }
  return "no difference";
}

describe("the comparison", () => {
  test("finds no difference when there is none", () => {
    expect(found(() => new LibraryMachine({ core: debugCore }))).toBe("no difference");
    expect(found(() => new LibraryMachine({ core: debugCore, memory: "slabs" }))).toBe("no difference");
  });

  test.each(Object.entries(MUTANTS))("finds that %s", (_, machine) => {
    const message = found(machine);
    expect(message).toMatch(
      /^The kernel and the library differ on the trace of seed \d+, at step \d+ of 100, or shorter:\n/,
    );
    const trace = parseTrace(message.split("\n").filter((line) => line.startsWith("{")).join("\n"));
    expect(compare(trace, library(), new Executor(machine()), new Differences())).toBeDefined();
    expect(trace.length).toBeLessThan(25);
  });

  test("reports the step, and the answers before it", () => {
    const message = found(MUTANTS["the peer may write to what is granted read-only"]!);
    const lines = message.split("\n").slice(1);
    expect(lines.map((line) => line.split(" // ")[1])).toEqual(["ok", "page 0", "kernel EINVAL, library ok"]);
    expect(parseTrace(lines.join("\n")).map(({ op }) => op)).toEqual(["open", "allocate", "peerMap"]);
  });

  test("finds what is not given back at the end", () => {
    const message = found(MUTANTS["one page more than the limit"]!);
    expect(message).toContain("kernel ENOSPC, library page 64 when all was given back");
  });

  test("finds what fails only at the end", () => {
    const mutant = around(() => ({
      close() {
        throw new Error("it stays open");
      },
    }));
    const difference = compare([{ op: "open", file: 0 }], library(), new Executor(mutant), new Differences());
    expect(difference).toMatchObject({ step: { op: "reset" }, kernel: "ok", library: "Error: it stays open" });
  });

  test("leaves the kernel clean after a difference", () => {
    const kernel = library();
    const [trace] = handTraces().map(({ steps }) => steps);
    const mutant = new Executor(MUTANTS["a run that is not found is an invalid one"]!());
    const wrong: Step[] = [...trace!.slice(0, 4), {
      op: "map",
      file: 0,
      mapping: 0,
      page: 9,
      pages: 1,
      writable: true,
    }];
    const difference = compare(wrong, kernel, mutant, new Differences());
    expect(difference).toMatchObject({ trace: wrong, kernel: "ENOENT", library: "EINVAL" });
    expect(compare(trace!, kernel, library(), new Differences())).toBeUndefined();
  });

  test("answers `nothing` to steps that name nothing", () => {
    const steps = TRACES[0]!.filter(({ op }) => op !== "open" && op !== "limit" && op !== "peerMapUnknown");
    const executor = library();
    expect(new Set(steps.map((step) => executor.answer(step)))).toEqual(new Set(["nothing"]));
  });
});

describe("shrinking", () => {
  test("leaves only the steps that are needed", () => {
    const fails = (steps: readonly Step[]) => {
      const ops = steps.map(({ op }) => op);
      return ops.includes("limit") && ops.filter((op) => op === "allocate").length >= 2;
    };
    expect(shrink(TRACES[0]!, fails).map(({ op }) => op).sort()).toEqual(["allocate", "allocate", "limit"]);
  });

  test("corrects the pages after an allocation that it drops", () => {
    const allocate = { op: "allocate", file: 0, pages: 3, domid: 0, writable: true } as const;
    const steps: Step[] = [
      { op: "open", file: 0 },
      { ...allocate, allocation: 0 },
      { ...allocate, allocation: 1 },
      { op: "free", file: 0, page: 4, pages: 1 },
    ];
    const fails = (steps: readonly Step[]) => {
      const executor = library();
      const answers = steps.map((step) => executor.answer(step));
      return steps.at(-1)?.op === "free" && answers.every((answer) => /^ok|^page/.test(answer));
    };
    expect(shrink(steps, fails)).toEqual([steps[0], steps[2], { op: "free", file: 0, page: 1, pages: 1 }]);
  });

  test("tries no step whose answer depends on time", () => {
    const steps: Step[] = [
      { op: "open", file: 0 },
      { op: "allocate", file: 0, allocation: 0, pages: 1, domid: 0, writable: true },
      { op: "map", file: 0, mapping: 0, page: 0, pages: 1, writable: true },
      { op: "peerMap", peer: 0, allocation: 0, index: 0, pages: 1, writable: true },
      { op: "free", file: 0, page: 0, pages: 1 },
      { op: "peerUnmap", peer: 0 },
      { op: "peerMap", peer: 1, allocation: 0, index: 0, pages: 1, writable: true },
    ];
    expect(isSafe(steps)).toBe(true);
    // Not mapped, the page is released while the peer has it.
    expect(isSafe(steps.filter(({ op }) => op !== "map"))).toBe(false);
    const tried: (readonly Step[])[] = [];
    shrink(steps, (candidate) => tried.push(candidate) < 0);
    expect(tried.length).toBeGreaterThan(5);
    expect(tried.every(isSafe)).toBe(true);
  });
});

describe("the allowed differences", () => {
  test.each(declared)("$step: $reason", ({ step, kernel, library: ours, reason }) => {
    expect(Object.keys(step)).toContain("op");
    expect(() => [new RegExp(kernel), new RegExp(ours)]).not.toThrow();
    expect(reason.length).toBeGreaterThan(40);
    // The kernel's side of it is met in the rig, where a difference that no trace meets is a failure.
    const executor = library();
    const steps = TRACES.flat().filter((each) =>
      Object.entries(step).every(([key, value]) => Reflect.get(each, key) === value)
    );
    expect(steps.length).toBeGreaterThan(10);
    executor.answer({ op: "open", file: 0 });
    const answers = steps.slice(0, 10).map((step) => executor.answer({ ...step, file: 0 } as Step));
    for (const answer of answers) expect(answer).toMatch(new RegExp(`^(?:${ours})$`));
  });

  test("are those that are declared, for both sides, and are counted when met", () => {
    const one = { step: { op: "free", pages: 0 }, kernel: "EINVAL", library: "Range.*", reason: "" };
    const differences = new Differences([one]);
    const step: Step = { op: "free", file: 1, page: 2, pages: 0 };
    expect(differences.allows({ ...step, pages: 1 }, "EINVAL", "RangeError")).toBe(false);
    expect(differences.allows(step, "ENOENT", "RangeError")).toBe(false);
    expect(differences.allows(step, "EINVAL", "a RangeError")).toBe(false);
    expect(differences.unmet()).toEqual([one]);
    expect(differences.allows(step, "EINVAL", "RangeError")).toBe(true);
    expect(differences.unmet()).toEqual([]);
  });
});
