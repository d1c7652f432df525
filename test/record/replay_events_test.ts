/**
 * Event channels in a replay: events that come early, late or never, traces written by hand, and backends that break
 * their contract.
 */
import { describe, expect, test } from "vitest";
import type { EventBackend, EventFile } from "../../src/contract/backend.ts";
import { MockXen } from "../../backends/mock.ts";
import { parseTrace, replay, type ReplayOptions } from "../../backends/record.ts";
import { HEADER, recording } from "../support/recorded.ts";
import { thrown } from "../support/thrown.ts";

describe("events in a replay", () => {
  const open = `{"part":"events","call":"open","file":1}`;
  const bind = (domid: number, port: number) =>
    `{"part":"events","call":"bindUnbound","file":1,"domid":${domid},"port":${port}}`;
  const loop = (remotePort: number, port: number) =>
    `{"part":"events","call":"bindInterdomain","file":1,"domid":0,"remotePort":${remotePort},"port":${port}}`;
  const port = (call: string, port: number) => `{"part":"events","call":"${call}","file":1,"port":${port}}`;
  const pending = (...ports: number[]) => `{"part":"events","call":"pending","file":1,"ports":[${ports}]}`;
  /** Replays the lines in domain 0. */
  const run = (lines: string[], more: Partial<ReplayOptions> = {}) => {
    const xen = new MockXen();
    const report = replay([HEADER, open, ...lines], { domains: [xen.domain(0)], ...more });
    xen.assertClean();
    return report;
  };
  const both = [bind(0, 70), loop(70, 90)];

  test("that come earlier than in the recording count when the trace names them", () => {
    const late = [...both, port("notify", 90), pending(), pending(90), pending(70)];
    expect(run(late).difference?.message).toBe(undefined);
    // Several events may arrive as one.
    const merged = [...both, port("notify", 90), pending(90), port("notify", 90), pending(70), port("unmask", 70)];
    expect(run([...merged, pending(), port("unbind", 90)]).difference?.message).toBe(undefined);
    expect(run([...merged, pending(70), port("unbind", 90)]).difference?.message).toBe(undefined);
    expect(run([...merged, pending(70), pending(70)]).difference?.got).toEqual({ ports: [] });
  });

  test("that do not come are a difference in the line that names them", () => {
    const { difference, calls } = run([...both, port("notify", 70), pending(70, 90)]);
    expect(calls).toBe(4);
    expect([difference?.line, difference?.expected, difference?.got]).toEqual([
      6,
      { ports: [70, 90] },
      { ports: [90] },
    ]);
  });

  test("are forgotten with their port", () => {
    const lines = [...both, pending(), port("unbind", 90), bind(1, 90), pending(90)];
    expect(run(lines).difference?.line).toBe(8);
  });

  test("are dropped by a reset", () => {
    const reset = `{"part":"events","call":"reset","file":1}`;
    const dropped = [...both, port("notify", 90), pending(), reset];
    expect(run([...dropped, pending(70)]).difference?.line).toBe(8);
    const after = [port("unmask", 70), port("unmask", 90), port("notify", 90), pending(70)];
    expect(run([...dropped, ...after]).difference?.message).toBe(undefined);
  });

  test("are requested with `send` only if they have not come already", () => {
    const asked: number[] = [];
    const send = (port: number) => void asked.push(port);
    run([...both, port("notify", 90), pending(70, 90)], { send });
    expect(asked).toEqual([]);
    const { difference } = run([...both, pending(70, 90)], { send });
    expect(asked).toEqual([1]);
    expect(difference?.got).toEqual({ ports: [90] });
    // The caller gets what `send` throws.
    const boom = new Error("boom");
    expect(() =>
      run([...both, pending(70)], {
        send() {
          throw boom;
        },
      })
    ).toThrow(boom);
  });

  test("unbound ports are refused in the replay as in the recording", () => {
    const stale =
      `{"part":"events","call":"bindInterdomain","file":1,"domid":0,"remotePort":70,"error":{"code":"port-refused"}}`;
    expect(run([bind(0, 70), port("unbind", 70), stale]).difference).toBe(undefined);
    expect(run([bind(0, 70), stale]).difference?.got).toEqual({ bound: true });
  });

  test("an unmap notify gets the port that stands for the recorded one, and no other", () => {
    const lines = [
      HEADER,
      open,
      bind(1, 70),
      `{"part":"grants","call":"open","file":2}`,
      `{"part":"grants","call":"grant","file":2,"page":0,"count":1,"domid":1,"writable":true,"grefs":[8]}`,
      `{"part":"grants","call":"notify","file":2,"page":0,"gref":8,"eventPort":70}`,
      `{"part":"grants","call":"notify","file":2,"page":0,"gref":8,"eventPort":1,"error":{"code":"notify-refused"}}`,
    ];
    const report = replay(lines, { domains: [new MockXen().domain(0)] });
    expect(report.difference?.message).toBe(undefined);
    expect(report.openAtEnd).toEqual(["1 port of file 1", "file 1", "1 page of file 2", "file 2"]);
    expect(report.left).toEqual([]);
  });
});

describe("a trace of event channels written by hand", () => {
  const domains = [new MockXen().domain(1)];
  const problem = (...lines: string[]) => thrown(() => replay([HEADER, ...lines], { domains })).message;
  const open = `{"part":"events","call":"open","file":1}`;

  test("is refused if a line is wrong, and the error has its number", () => {
    expect(problem(`{"part":"events","call":"open","file":1,"domain":1}`)).toMatch(
      /line 2, `domain` must be the index of a domain of the replay: current value is 1, and the number of dom.* 1\./,
    );
    expect(problem(`{"part":"events","call":"open","file":1,"domain":-1}`)).toContain(
      "`domain` must be a whole number",
    );
    expect(problem(open, `{"part":"events","call":"notify","file":1,"port":4}`)).toMatch(
      /line 3, `port` must be one that is bound in its file: current value is 4/,
    );
    expect(problem(open, `{"part":"events","call":"notify","file":2,"port":4}`)).toContain("`file` must be one");
    expect(problem(open, `{"part":"events","call":"bindUnbound","file":1,"domid":40000,"port":1}`)).toContain(
      "`domid`",
    );
    expect(problem(open, `{"part":"events","call":"bindUnbound","file":1,"domid":4}`)).toContain(
      "`port` must be present",
    );
    expect(problem(open, `{"part":"events","call":"bindInterdomain","file":1,"domid":4,"port":1}`)).toContain(
      "remotePort",
    );
    expect(problem(open, `{"part":"events","call":"pending","file":1}`)).toContain("`ports` must be present");
    expect(problem(open, `{"part":"events","call":"grant","file":1}`)).toContain("must name a known call");
    expect(problem(`{"part":"maps","call":"copy","file":1,"segments":[]}`)).toContain("at least one segment");
    const none = thrown(() => replay([HEADER, open], { domains: [] })).message;
    expect(none).toContain("Pass one for each recorded domain, in the same order, as the option `domains`");
  });

  test("is refused if its segments or domains are wrong", () => {
    const place = (offset: number) => `{"domid":1,"gref":8,"offset":${offset}}`;
    for (
      const segment of [
        `{"length":1}`,
        `{"from":${place(0)}}`,
        `{"from":${place(0)},"length":0}`,
        `{"from":${place(0)},"length":4097}`,
        `{"from":${place(1)},"length":4096}`,
        `{"to":${place(-1)},"length":1}`,
        `{"to":null,"length":1}`,
        `{"to":{"domid":1,"offset":0},"length":1}`,
        `{"to":{"domid":40000,"gref":8,"offset":0},"length":1}`,
        "null",
        "7",
      ]
    ) {
      const line = `{"part":"maps","call":"copy","file":1,"segments":[${segment}],"statuses":[0]}`;
      expect(() => parseTrace([HEADER, line])).toThrow("`segments` must be an array of at least one segment");
    }
    const map = (domid: string) =>
      `{"part":"maps","call":"map","file":1,"domid":${domid},"grefs":[8,9],"writable":true,"mapping":1,"bytes":8192}`;
    expect(() => parseTrace([HEADER, map("[1]")])).toThrow("the length of `domid` must be that of `grefs`, 2");
    expect(() => parseTrace([HEADER, map("[1,40000]")])).toThrow("or an array of such numbers");
    expect(parseTrace([HEADER, map("[1,2]")]).calls.length).toBe(1);
  });

  test("wrong options are refused", () => {
    const bad = (options: object) => () => replay([HEADER], { domains, ...options } as ReplayOptions);
    expect(bad({ send: 7 })).toThrow("`send` must be a function: current value is 7");
    expect(bad({ remotePorts: null })).toThrow("`remotePorts` must be a plain object");
    expect(bad({ remotePorts: { 1: 131_072 } })).toThrow("must be a whole number from 0 to 131071");
  });
});

describe("a backend of event channels that breaks its contract", () => {
  function lying(methods: Partial<EventFile>): EventBackend {
    const file: EventFile = {
      bindUnbound: () => 1,
      bindInterdomain: () => 2,
      bindVirq: () => 3,
      notify() {},
      pending: () => [],
      unmask() {},
      whenPending: () => () => {},
      reset() {},
      unbind() {},
      close() {},
      ...methods,
    };
    return { name: "lying", open: () => file };
  }

  function record(events: EventBackend, use: (file: EventFile) => void) {
    const { trace, recorder } = recording();
    use(recorder.wrap({ events }).events.open());
    expect(recorder.failure).toBe(undefined);
    return trace;
  }

  const replayOn = (events: EventBackend, trace: string[]) => replay(trace, { domains: [{ events }] });

  test("with its ports is recorded with its answers, and replayed", () => {
    for (const lie of [undefined, null, "1", -1, 0.5, NaN, {}, [1]]) {
      const backend = lying({ bindUnbound: () => lie as number });
      const trace = record(backend, (file) => expect(file.bindUnbound(0)).toBe(lie));
      expect(replayOn(backend, trace).difference?.message).toBe(undefined);
      expect(replayOn(lying({}), trace).difference?.got).toEqual({ bound: true });
    }
    // The same port twice: later lines name the newer one.
    const twice = record(lying({}), (file) => {
      file.bindUnbound(0);
      file.bindUnbound(0);
      file.notify(1);
    });
    expect(replayOn(lying({}), twice)).toMatchObject({ calls: 4, left: [] });
  });

  test("with its events is recorded with its answers, and replayed", () => {
    for (const lie of [undefined, null, "1", 7, {}, [-1], ["1"], [[1]]]) {
      const backend = lying({ pending: () => lie as number[] });
      const trace = record(backend, (file) => expect(file.pending()).toBe(lie));
      expect(replayOn(backend, trace).difference?.message).toBe(undefined);
      expect(replayOn(lying({}), trace).difference?.got).toEqual({ ports: [] });
    }
    // Events of ports that were never bound.
    const backend = lying({ pending: () => [4, 5] });
    const trace = record(backend, (file) => file.pending());
    expect(replayOn(lying({ pending: () => [5] }), trace).difference?.got).toEqual({ ports: [5] });
    const none = record(lying({}), (file) => file.pending());
    expect(replayOn(backend, none).difference?.got).toEqual({ ports: [4, 5] });
  });

  test("as it returns no function to stop waiting, or fails to wait, is recorded and replayed", () => {
    const boom = () => {
      throw new Error("boom");
    };
    for (const whenPending of [() => undefined as unknown as () => void, boom]) {
      const backend = lying({ whenPending });
      const trace = record(backend, (file) => {
        try {
          file.whenPending(() => {});
        } catch {
          // The library would handle it.
        }
      });
      expect(replayOn(backend, trace).difference?.message).toBe(undefined);
    }
    const waits = record(lying({}), (file) => file.whenPending(() => {})());
    expect(replayOn(lying({ whenPending: boom }), waits).difference?.got.error?.message).toBe("boom");
  });

  test("gets the callback unchanged, and its function to stop is returned unchanged", () => {
    const stop = () => {};
    let given: unknown;
    const backend = lying({
      whenPending: (callback) => {
        given = callback;
        return stop;
      },
    });
    const callback = () => {};
    record(backend, (file) => expect(file.whenPending(callback)).toBe(stop));
    expect(given).toBe(callback);
  });

  test("so that a file cannot be closed: the replay reports the file as left, without its ports", () => {
    const trace = record(lying({}), (file) => void file.bindUnbound(0));
    const broken = lying({
      close() {
        throw new Error("boom");
      },
    });
    expect(replayOn(broken, trace).left).toEqual(["file 1: boom"]);
  });
});
