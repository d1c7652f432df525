/** What the recorder and the replay are given is checked, also what callbacks return. */
import { describe, expect, test, vi } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { parseTrace, Recorder, replay, type ReplayOptions, TraceError } from "../../backends/record.ts";
import { GrantDevice } from "../../mod.ts";
import { ArgumentTypeError } from "../../src/contract/argument_error.ts";
import { debugCore } from "../support/debug_core.ts";
import { HEADER, recording } from "../support/recorded.ts";
import { thrown } from "../support/thrown.ts";

describe("a recorder", () => {
  test.each<[unknown, string]>([
    ["trace.jsonl", '"trace.jsonl"'],
    [undefined, "undefined"],
    [[], "an array"],
    [{ write() {} }, "an Object"],
  ])("refuses %o, which is no function", (write, shown) => {
    expect(thrown(() => new Recorder(write as () => void))).toEqual(
      new ArgumentTypeError(
        `Cannot record as \`write\` must be a function that takes each line: current value is ${shown}`,
      ),
    );
  });

  /** Records one allocation. `write` gets the number of the line, from 1. */
  function record(write: (line: number) => unknown) {
    let lines = 0;
    const recorder = new Recorder(() => write(++lines));
    const device = new GrantDevice(recorder.wrap(new MockXen().domain(1)), { core: debugCore });
    const allocator = device.open();
    return { recorder, device, allocate: () => allocator.allocate(0), lines: () => lines };
  }

  test("whose promise is rejected ends the recording, and the calls go on", async () => {
    const full = new Error("disk full");
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    try {
      const { recorder, device, allocate, lines } = record(async (line) => {
        await Promise.resolve();
        if (line >= 3) throw line === 3 ? full : new Error("a later one");
      });
      allocate();
      expect(recorder.failure).toBe(undefined);
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(recorder.failure).toBe(full);
      const taken = lines();
      allocate();
      device.close();
      expect([lines(), recorder.lines]).toEqual([taken, taken]);
      expect(unhandled).not.toHaveBeenCalled();
    } finally {
      process.off("unhandledRejection", unhandled);
    }
  });

  test("whose promise is rejected without a reason has a failure, too", async () => {
    const { recorder } = record(() => Promise.reject());
    await Promise.resolve();
    expect(recorder.failure).toEqual(new Error("`write` failed with undefined or null"));
  });

  test("takes anything else that `write` returns", async () => {
    const answers: unknown[] = [1, "text", {}, { then: 1 }, () => {}, null, Promise.resolve(), undefined];
    const { recorder, allocate, lines } = record((line) => answers[line % answers.length]);
    for (let round = 0; round < 10; round++) allocate();
    await Promise.resolve();
    expect([recorder.failure, recorder.lines]).toEqual([undefined, lines()]);
  });

  test("whose answer cannot be read fails", () => {
    const odd = new Error("odd");
    const hostile = Object.defineProperty({}, "then", {
      get() {
        throw odd;
      },
    });
    expect(record(() => hostile).recorder.failure).toBe(odd);
  });

  test.each<[unknown, string]>([
    [undefined, "undefined"],
    [{}, "an Object"],
    [new MockXen(), "a MockXen"],
  ])("wraps only domains, not %o", (domain, shown) => {
    expect(thrown(() => recording().recorder.wrap(domain as never)).message).toBe(
      "Cannot record as the domain must have at least one of `grants`, `maps`, `events`, `store`: current value is " +
        `${shown}. Pass denoDomain(), nodeDomain() or MockXen's domain()`,
    );
  });

  test("reads each part of a domain once", () => {
    const { grants } = new MockXen().domain(1);
    let reads = 0;
    const domain = {
      get grants() {
        if (++reads > 1) throw new Error("read twice");
        return grants;
      },
    };
    expect(recording().recorder.wrap(domain).grants.limit()).toBe(1024);
  });
});

describe("a trace", () => {
  const refused = (trace: unknown) => expect(() => parseTrace(trace as string));

  test("that is neither text nor lines is refused", () => {
    const be = "Cannot read a trace as it must be a string or an iterable of strings: current value is ";
    refused(undefined).toThrow(new ArgumentTypeError(`${be}undefined`));
    refused(null).toThrow(new ArgumentTypeError(`${be}null`));
    refused(5).toThrow(new ArgumentTypeError(`${be}5`));
    refused({ length: 1, 0: HEADER }).toThrow(new ArgumentTypeError(`${be}an Object`));
    refused(Promise.resolve(HEADER)).toThrow(new ArgumentTypeError(`${be}a Promise`));
    refused(new TextEncoder().encode(HEADER)).toThrow(new ArgumentTypeError(`${be}a Uint8Array`));
  });

  test("with a line that is no text is refused, and the line is named", () => {
    refused([HEADER, 5]).toThrow(
      new ArgumentTypeError("Cannot read a trace as its line 2 must be a string: current value is 5"),
    );
    refused(new Set([{}])).toThrow(TypeError);
  });

  test("is checked by a replay, too", () => {
    expect(() => replay(42 as unknown as string, { domains: [] })).toThrow(
      "Cannot read a trace as it must be a string",
    );
  });

  test("may come line by line", () => {
    function* lines() {
      yield HEADER;
    }
    expect(parseTrace(lines())).toEqual({ calls: [], cut: false });
  });
});

describe("a replay", () => {
  const xen = new MockXen();
  const refused = (options: object) => {
    return expect(() => replay(HEADER, { domains: [xen.domain(1)], ...options } as ReplayOptions));
  };

  test("refuses options that do not exist", () => {
    refused({ domid: {} }).toThrow(
      new ArgumentTypeError(
        "Cannot replay as there is no option `domid`: did you mean `domids`? The options are `domains`, `granter`, " +
          "`domids`, `remotePorts`, `send`, `errno` and `marks`",
      ),
    );
    expect(() => replay(HEADER, undefined as unknown as ReplayOptions)).toThrow("`domains` must be an array");
  });

  test("refuses what is no domain", () => {
    refused({ domains: [xen.domain(1), xen] }).toThrow(
      "Cannot replay as `domains[1]` must have at least one of `grants`, `maps`, `events`, `store`: current value is " +
        "a MockXen. " +
        "Pass denoDomain()",
    );
    refused({ domains: [{ grants: {} }] }).toThrow("Cannot replay as `grants` of the domain must be a backend");
    refused({ domains: new Array(1) }).toThrow("`domains[0]` must be an object: current value is undefined");
  });

  test("refuses numbers that are none, and what stands for them", () => {
    refused({ domids: new Map([[5, 1]]) }).toThrow("`domids` must be a plain object: current value is a Map");
    refused({ domids: { five: 1 } }).toThrow(
      new ArgumentTypeError('Cannot replay as a key of `domids` must be a number: current value is "five"'),
    );
    refused({ domids: { 40_000: 1 } }).toThrow("a key of `domids` must be a whole number from 0 to 32751");
    refused({ remotePorts: { 1: 0.5 } }).toThrow("a value of `remotePorts` must be a whole number from 0 to 131071");
    refused({ remotePorts: { 131_072: 1 } }).toThrow("a key of `remotePorts` must be a whole number");
  });

  test("refuses handlers and flags of another type", () => {
    refused({ errno: 1 }).toThrow("Cannot replay as `errno` must be a boolean: current value is 1");
    refused({ marks: [] }).toThrow("`marks` must be a plain object: current value is an array");
    refused({ marks: { go: 5 } }).toThrow(
      new ArgumentTypeError('Cannot replay as the handler of the mark "go" must be a function: current value is 5'),
    );
  });

  test("stops at a handler that returns a promise, whose rejection is not unhandled", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    try {
      const { trace, recorder } = recording();
      recorder.mark("go");
      const marks = { go: () => Promise.reject(new Error("late")) };
      expect(() => replay(trace, { domains: [xen.domain(1)], marks })).toThrow(
        new ArgumentTypeError(
          'Cannot replay as the handler of the mark "go" must be done when it returns: it returned a promise',
        ),
      );
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(unhandled).not.toHaveBeenCalled();
    } finally {
      process.off("unhandledRejection", unhandled);
    }
  });

  test("reads each option once", () => {
    const reads: string[] = [];
    const given = {
      domains: [xen.domain(1)],
      granter: 1,
      domids: {},
      remotePorts: {},
      send() {},
      errno: true,
      marks: {},
    };
    const options = {};
    for (const [name, value] of Object.entries(given)) {
      Object.defineProperty(options, name, { get: () => (reads.push(name), value), enumerable: true });
    }
    replay(HEADER, options as ReplayOptions);
    expect(reads).toEqual(Object.keys(given));
  });
});

test("a TraceError needs a line and a problem", () => {
  expect(() => new TraceError(0, "x")).toThrow("Cannot create a TraceError as `line` must be a whole number from 1");
  expect(() => new TraceError(1, undefined as unknown as string)).toThrow("`problem` must be a string");
});
