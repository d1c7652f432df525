/** What a recorder writes; and that it changes nothing, and a replay of it neither. */
import { describe, expect, test } from "vitest";
import { type MockProfile, MockXen } from "../backends/mock.ts";
import { Recorder, type ReplayReport } from "../backends/record.ts";
import { GrantDevice } from "../mod.ts";
import { conformance } from "./conformance.ts";
import { debugCore } from "./debug_core.ts";
import { HEADER, recorded, replayOn, thrown } from "./recorded.ts";

describe("what a recorder writes", () => {
  test("is one line for each call, of both sides in their order", () => {
    const { trace, recorder, device, mapper, xen } = recorded({ profile: "seed" });
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
      `{"side":"grants","call":"limit","limit":1024}`,
      `{"side":"grants","call":"open","backend":"mock","file":1}`,
      `{"side":"grants","call":"grant","file":1,"page":0,"count":3,"domid":0,"writable":true,"grefs":[8,9,10]}`,
      `{"side":"maps","call":"open","backend":"mock","file":2}`,
      `{"side":"maps","call":"map","file":2,"domid":1,"grefs":[9,10],"writable":true,"mapping":1,"bytes":8192}`,
      `{"side":"grants","call":"map","file":1,"page":1,"count":2,"gref":9,"writable":false,"mapping":2,"bytes":8192}`,
      `{"call":"mark","name":"half-way","value":{"pages":3}}`,
      `{"call":"mark","name":"bare"}`,
      `{"side":"grants","call":"notify","file":1,"page":1,"gref":9,"clearByte":1}`,
      `{"side":"grants","call":"notify","file":1,"page":0,"gref":8}`,
      `{"side":"grants","call":"notify","file":1,"page":0,"gref":8,"eventPort":7,` +
      `"error":{"code":"notify-refused","errno":22,"message":${JSON.stringify(message)}}}`,
      `{"side":"grants","call":"unmap","mapping":2}`,
      `{"side":"grants","call":"endAccess","file":1,"page":0,"count":3,"grefs":[8,9,10],"held":[1,2]}`,
      `{"side":"maps","call":"unmap","mapping":1}`,
      `{"side":"maps","call":"close","file":2}`,
      `{"side":"grants","call":"endAccess","file":1,"page":1,"count":2,"grefs":[9,10],"held":[]}`,
      `{"side":"grants","call":"close","file":1}`,
    ]);
    expect(recorder.lines).toBe(trace.length);
    expect(replayOn(new MockXen({ profile: "seed" }), trace)).toEqual({ calls: 15, cut: false, left: [] });
  });

  test("has the pages that were granted before a failure, a limit that is none, and errors without a code", () => {
    const { trace, device } = recorded({ tableFrames: 1, limit: Infinity });
    const allocator = device.open();
    allocator.allocate(0, { pages: 503 });
    expect(() => allocator.allocate(0, { pages: 2 })).toThrow("the grant table of domain 1");
    expect(trace[1]).toBe(`{"side":"grants","call":"limit","limit":"Infinity"}`);
    expect(trace[4]).toMatch(
      /"page":503,"count":2,"domid":0,"writable":false,"grefs":\[511\],"error":\{"code":"table-full","errno":28,/,
    );
    expect(trace[5]).toBe(`{"side":"grants","call":"endAccess","file":1,"page":503,"count":1,"grefs":[511],"held":[]}`);

    const lines: string[] = [];
    expect(device.inspect().limit).toBe(Infinity);

    const broken = new Recorder((line) => lines.push(line)).grants({
      name: "broken",
      limitName: "nothing",
      limit: () => NaN,
      open() {
        throw new Error("boom");
      },
    });
    expect(broken.limit()).toBe(NaN);
    expect(() => broken.open()).toThrow("boom");
    expect(lines.slice(1)).toEqual([
      `{"side":"grants","call":"limit","limit":"NaN"}`,
      `{"side":"grants","call":"open","backend":"broken","error":{"code":"backend-failed","message":"boom"}}`,
    ]);
  });

  test("is nothing more once it could not be written, and the calls go on", () => {
    const lines: string[] = [];
    const full = new Error("disk full");
    let room = true;
    const recorder = new Recorder((line) => {
      // Once only: what comes after a gap would be misleading.
      if (room && lines.length === 3) {
        room = false;
        throw full;
      }
      lines.push(line);
    });
    const xen = new MockXen();
    const device = new GrantDevice(recorder.grants(xen.domain(1).grantBackend()), { core: debugCore });
    const pages = device.open().allocate(0);
    expect([recorder.failure, recorder.lines]).toEqual([full, 3]);
    pages.map().unmap();
    device.close();
    expect([recorder.lines, lines.length]).toEqual([3, 3]);
    xen.assertClean();
  });

  test("is of one backend a side", () => {
    const recorder = new Recorder(() => {});
    const xen = new MockXen();
    const backend = xen.domain(1).grantBackend();
    expect(recorder.grants(backend)).toMatchObject({ name: backend.name, limitName: backend.limitName });
    recorder.maps(xen.domain(1).mapBackend());
    expect(() => recorder.grants(xen.domain(2).grantBackend())).toThrow("make another recorder");
    expect(() => recorder.maps(xen.domain(2).mapBackend())).toThrow("make another recorder");
  });
});

describe("a recorder changes nothing:", () => {
  for (const profile of ["seed", "linux"] satisfies MockProfile[]) {
    const replays: (() => ReplayReport)[] = [];
    conformance({
      test: (name, run) => test(`${profile}, ${name}`, run),
      open() {
        const trace: string[] = [];
        const recorder = new Recorder((line) => trace.push(line));
        const xen = new MockXen({ profile });
        const domain = xen.domain(1);
        // The other profile differs in what becomes of a page that the peer holds.
        const replayed = (on: MockProfile) => {
          const machine = new MockXen({ profile: on });
          const limit = (pages: unknown) => machine.domain(1).limit = Number(pages);
          return replayOn(machine, trace, { marks: { limit } });
        };
        return {
          grantBackend: recorder.grants(domain.grantBackend()),
          granter: 1,
          mapBackend: recorder.maps(xen.domain(0).mapBackend()),
          peer: 0,
          setLimit(pages) {
            domain.limit = pages;
            recorder.mark("limit", String(pages));
          },
          heldPagesCount: profile === "seed",
          core: debugCore,
          close() {
            xen.assertClean();
            expect(recorder.failure).toBe(undefined);
            const report = replayed(profile);
            expect(report.difference?.message).toBe(undefined);
            expect(report.cut).toBe(false);
            replays.push(() => replayed(profile === "seed" ? "linux" : "seed"));
          },
        };
      },
    });

    test(`${profile}: replayed on the other profile, what the peer holds is the only difference`, () => {
      let differences = 0;
      for (const replayed of replays) {
        const { difference } = replayed();
        if (!difference) continue;
        differences++;
        expect(difference.call.call, difference.message).toBe("endAccess");
        const [expected, got] = [difference.expected, difference.got].map(({ held }) => (held as number[]).length);
        if (profile === "seed") expect([expected! > 0, got]).toEqual([true, 0]);
        else expect([expected, got! > 0]).toEqual([0, true]);
      }
      expect(replays.length).toBeGreaterThan(50);
      expect(differences).toBeGreaterThan(5);
    });
  }
});
