/** What a recorder writes, and that neither recording nor replaying changes anything. */
import { describe, expect, test } from "vitest";
import vm from "node:vm";
import { type MockProfile, MockXen } from "../../backends/mock.ts";
import { type GrantBackend, type GrantFile, parseTrace, Recorder, type ReplayReport } from "../../backends/record.ts";
import { GrantDevice } from "../../mod.ts";
import { grantsConformance } from "../conformance/mod.ts";
import { debugCore } from "../support/debug_core.ts";
import { HEADER, recorded, recording, replayOn } from "../support/recorded.ts";
import { thrown } from "../support/thrown.ts";

describe("a recorder", () => {
  test("writes one line for each call, in the order of the calls", () => {
    const { trace, recorder, device, mapper, xen } = recorded({ profile: "linux-5.16" });
    const allocator = device.open();
    const pages = allocator.allocate(0, { pages: 3, writable: true });
    const theirs = mapper.map(1, [pages.grefs[1]!, pages.grefs[2]!], { writable: true });
    const ours = pages.map({ start: 1, count: 2, writable: false });
    recorder.mark("half-way", { pages: 3 });
    recorder.mark("bare");
    allocator.setUnmapNotify(1, { clearByte: 1 });
    allocator.setUnmapNotify(0, {});
    const { message } = thrown(() => allocator.setUnmapNotify(0, { eventPort: 7 }));
    ours.unmap();
    pages.free();
    theirs.unmap();
    mapper.close();
    device.close();
    xen.assertClean();
    expect(trace).toEqual([
      HEADER,
      `{"part":"grants","call":"limit","limit":1024}`,
      `{"part":"grants","call":"open","backend":"mock","file":1}`,
      `{"part":"grants","call":"grant","file":1,"page":0,"count":3,"domid":0,"writable":true,"grefs":[8,9,10]}`,
      `{"part":"maps","call":"open","domain":1,"backend":"mock","file":2}`,
      `{"part":"maps","call":"map","file":2,"domid":1,"grefs":[9,10],"writable":true,"mapping":1,"bytes":8192}`,
      `{"part":"grants","call":"map","file":1,"page":1,"count":2,"gref":9,"writable":false,"mapping":2,"bytes":8192}`,
      `{"call":"mark","name":"half-way","value":{"pages":3}}`,
      `{"call":"mark","name":"bare"}`,
      `{"part":"grants","call":"notify","file":1,"page":1,"gref":9,"clearByte":1}`,
      `{"part":"grants","call":"notify","file":1,"page":0,"gref":8}`,
      `{"part":"grants","call":"notify","file":1,"page":0,"gref":8,"eventPort":7,` +
      `"error":{"code":"notify-refused","errno":22,"message":${JSON.stringify(message)}}}`,
      `{"part":"grants","call":"unmap","mapping":2}`,
      `{"part":"grants","call":"endAccess","file":1,"page":0,"count":3,"grefs":[8,9,10],"held":[1,2]}`,
      `{"part":"maps","call":"unmap","mapping":1}`,
      `{"part":"maps","call":"close","file":2}`,
      `{"part":"grants","call":"endAccess","file":1,"page":1,"count":2,"grefs":[9,10],"held":[]}`,
      `{"part":"grants","call":"close","file":1}`,
    ]);
    expect(recorder.lines).toBe(trace.length);
    expect(replayOn(new MockXen({ profile: "linux-5.16" }), trace)).toEqual({ calls: 15, cut: false, left: [] });
  });

  test("writes the pages granted before a failure, an infinite limit, and errors without a code", () => {
    const { trace, device } = recorded({ tableFrames: 1, limit: Infinity });
    const allocator = device.open();
    allocator.allocate(0, { pages: 503 });
    expect(() => allocator.allocate(0, { pages: 2 })).toThrow("the grant table of domain 1");
    expect(trace[1]).toBe(`{"part":"grants","call":"limit","limit":"Infinity"}`);
    expect(trace[4]).toMatch(
      /"page":503,"count":2,"domid":0,"writable":false,"grefs":\[511\],"error":\{"code":"table-full","errno":28,/,
    );
    expect(trace[5]).toBe(`{"part":"grants","call":"endAccess","file":1,"page":503,"count":1,"grefs":[511],"held":[]}`);

    expect(device.inspect().limit).toBe(Infinity);

    const { trace: other, recorder } = recording();
    const grants: GrantBackend = {
      name: "broken",
      limitName: "nothing",
      limit: () => NaN,
      open() {
        throw new Error("boom");
      },
    };
    const broken = recorder.wrap({ grants });
    expect(broken.grants.limit()).toBe(NaN);
    expect(() => broken.grants.open()).toThrow("boom");
    expect(other.slice(1)).toEqual([
      `{"part":"grants","call":"limit","limit":"NaN"}`,
      `{"part":"grants","call":"open","backend":"broken","error":{"code":"backend-failed","message":"boom"}}`,
    ]);
  });

  test("writes nothing more after a line that could not be written, and the calls go on", () => {
    const lines: string[] = [];
    const full = new Error("disk full");
    let room = true;
    const recorder = new Recorder((line) => {
      // Fails once only: lines after a gap would be misleading.
      if (room && lines.length === 3) {
        room = false;
        throw full;
      }
      lines.push(line);
    });
    const xen = new MockXen();
    const device = new GrantDevice(recorder.wrap(xen.domain(1)), { core: debugCore });
    const pages = device.open().allocate(0);
    expect([recorder.failure, recorder.lines]).toEqual([full, 3]);
    pages.map().unmap();
    device.close();
    expect([recorder.lines, lines.length]).toEqual([3, 3]);
    xen.assertClean();
  });
});

describe("a recorder passes oddities on:", () => {
  /** A recorded file that has only some methods, which are odd. */
  function odd(file: Partial<GrantFile>) {
    const { trace: lines, recorder } = recording();
    const real = new MockXen().domain(1).grants;
    const grants: GrantBackend = { ...real, limit: () => 7, open: () => ({ ...file }) as GrantFile };
    return { lines, recorder, file: recorder.wrap({ grants }).grants.open() };
  }

  test("memory whose size cannot be read reaches the caller, who unmaps it", () => {
    let unmaps = 0;
    const { lines, recorder, file } = odd({
      map: () => ({
        get bytes(): Uint8Array<ArrayBuffer> {
          throw new Error("boom");
        },
        unmap: () => void unmaps++,
      }),
    });
    const memory = file.map(0, 1, 8, true);
    expect(() => memory.bytes).toThrow("boom");
    memory.unmap();
    expect(unmaps).toBe(1);
    expect(recorder.failure).toBe(undefined);
    expect(lines.slice(2)).toEqual([
      `{"part":"grants","call":"map","file":1,"page":0,"count":1,"gref":8,"writable":true,"mapping":1,"bytes":0}`,
      `{"part":"grants","call":"unmap","mapping":1}`,
    ]);
  });

  test("errors that cannot be shown are thrown unchanged, and recording goes on", () => {
    const hidden = (what: string) =>
      Object.defineProperty(new Error(), "message", {
        get() {
          throw new Error(what);
        },
      });
    const odds = [Object.create(null), { toString: () => hidden("x") }, hidden("message"), Symbol("x"), 1n, undefined];
    for (const error of odds) {
      const { lines, recorder, file } = odd({
        close() {
          throw error;
        },
      });
      expect(thrown(() => file.close())).toBe(error);
      expect(recorder.failure).toBe(undefined);
      expect(parseTrace(lines).calls[1]).toMatchObject({ call: "close", error: { code: "backend-failed" } });
    }
  });

  test("an error after the buffer of the references was transferred is the backend's", () => {
    const boom = new Error("boom");
    const move = (...args: unknown[]): never => {
      structuredClone(null, { transfer: [(args.at(-1) as Uint32Array<ArrayBuffer>).buffer] });
      throw boom;
    };
    const { lines, recorder, file } = odd({ grant: move, endAccess: move });
    expect(thrown(() => file.grant(0, 2, 0, true, new Uint32Array(2)))).toBe(boom);
    expect(thrown(() => file.endAccess(0, 2, Uint32Array.of(8, 9)))).toBe(boom);
    expect(recorder.failure).toBe(undefined);
    expect(parseTrace(lines).calls.slice(1)).toMatchObject([{ call: "grant", grefs: [] }, { grefs: [8, 9] }]);
  });
});

test("an error of another realm is recorded with its message", () => {
  const { trace: lines, recorder } = recording();
  const error = vm.runInNewContext("new Error('boom')");
  const fail = () => {
    throw error;
  };
  const { grants } = recorder.wrap({ grants: { name: "foreign", limitName: "none", limit: fail, open: fail } });
  expect(thrown(() => grants.limit())).toBe(error);
  expect(lines[1]).toBe(`{"part":"grants","call":"limit","error":{"code":"backend-failed","message":"boom"}}`);
});

test("a mark that cannot be written is refused, and recording goes on", () => {
  const { trace: lines, recorder } = recording();
  const round: Record<string, unknown> = {};
  round.round = round;
  for (const value of [1n, round, () => {}, Symbol("x")]) {
    expect(() => recorder.mark("a", value)).toThrow(TypeError);
    expect(() => recorder.mark("a", value)).toThrow("Cannot write a mark as `value` must be representable as JSON");
  }
  expect(() => recorder.mark(5 as unknown as string)).toThrow("`name` must be a string: current value is 5");
  recorder.mark("b", null);
  expect(recorder.failure).toBe(undefined);
  expect(lines.slice(1)).toEqual([`{"call":"mark","name":"b","value":null}`]);
});

describe("a recorder changes nothing:", () => {
  for (const profile of ["linux-5.16", "linux-6.1"] satisfies MockProfile[]) {
    const replays: (() => ReplayReport)[] = [];
    grantsConformance({
      test: (name, run) => test(`${profile}, ${name}`, run),
      open() {
        const { trace, recorder } = recording();
        const xen = new MockXen({ profile });
        const domain = xen.domain(1);
        // The other profile differs in what happens to a page that the peer holds.
        const replayed = (on: MockProfile) => {
          const machine = new MockXen({ profile: on });
          const limit = (pages: unknown) => machine.domain(1).limit = Number(pages);
          return replayOn(machine, trace, { marks: { limit } });
        };
        return {
          granter: recorder.wrap(domain),
          granterDomid: 1,
          peer: recorder.wrap(xen.domain(0)),
          peerDomid: 0,
          setLimit(pages) {
            domain.limit = pages;
            recorder.mark("limit", String(pages));
          },
          heldPagesCount: profile === "linux-5.16",
          core: debugCore,
          close() {
            xen.assertClean();
            expect(recorder.failure).toBe(undefined);
            const report = replayed(profile);
            expect(report.difference?.message).toBe(undefined);
            expect(report.cut).toBe(false);
            replays.push(() => replayed(profile === "linux-5.16" ? "linux-6.1" : "linux-5.16"));
          },
        };
      },
    });

    test(`${profile}: on the other profile, the pages that the peer holds are the only difference`, () => {
      let differences = 0;
      for (const replayed of replays) {
        const { difference } = replayed();
        if (!difference) continue;
        differences++;
        expect(difference.call.call, difference.message).toBe("endAccess");
        const [expected, got] = [difference.expected, difference.got].map(({ held }) => (held as number[]).length);
        if (profile === "linux-5.16") expect([expected! > 0, got]).toEqual([true, 0]);
        else expect([expected, got! > 0]).toEqual([0, true]);
      }
      expect(replays.length).toBeGreaterThan(50);
      expect(differences).toBeGreaterThan(5);
    });
  }
});
