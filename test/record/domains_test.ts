/** Several domains in one trace: their indices, the one that grants pages, and what a replay puts in their place. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { parseTrace, replay } from "../../backends/record.ts";
import { EventChannels, GrantDevice, GrantMapper } from "../../mod.ts";
import { HEADER, recording } from "../support/recorded.ts";
import { thrown } from "../support/thrown.ts";

describe("`Recorder.wrap()`", () => {
  test("gives each domain an index, which is in the lines that open a file and ask for the limit", () => {
    const { trace, recorder } = recording();
    const xen = new MockXen();
    const [first, second] = [1, 0].map((domid) => recorder.wrap(xen.domain(domid)));
    for (const { grants, maps, events } of [first!, second!]) {
      grants.limit();
      maps.open().close();
      events.open().close();
    }
    expect(parseTrace(trace).calls.map((call) => `${call.call} ${"domain" in call ? call.domain : "-"}`)).toEqual([
      ...["limit -", "open -", "close -", "open -", "close -"],
      ...["limit 1", "open 1", "close -", "open 1", "close -"],
    ]);
    expect(trace[1]).toBe(`{"part":"grants","call":"limit","limit":1024}`);
    expect(trace[6]).toBe(`{"part":"grants","call":"limit","domain":1,"limit":1024}`);
    expect(trace[7]).toBe(`{"part":"maps","call":"open","domain":1,"backend":"mock","file":3}`);
  });

  test("takes the parts of a domain that are there, and keeps their names", () => {
    const { recorder } = recording();
    const { grants, maps } = new MockXen().domain(1);
    expect(recorder.wrap({ grants })).toMatchObject({
      grants: { name: grants.name, limitName: grants.limitName },
    });
    expect(Object.keys(recorder.wrap({ grants }))).toEqual(["grants"]);
    expect(Object.keys(recorder.wrap({ maps }))).toEqual(["maps"]);
  });

  test("refuses a value that is no domain, and gives it no index", () => {
    const { trace, recorder } = recording();
    for (const domain of [undefined, null, 7, {}, { grant: {} }, new MockXen()]) {
      expect(() => recorder.wrap(domain as unknown as { maps: never })).toThrow(
        "Cannot record as the domain must have at least one of `grants`, `maps`, `events`, `store`: current value is",
      );
    }
    expect(() => recorder.wrap({ maps: { name: "none" } as never })).toThrow("a backend with a method `open`");
    recorder.wrap(new MockXen().domain(1)).maps.open();
    expect(trace[1]).toBe(`{"part":"maps","call":"open","backend":"mock","file":1}`);
  });

  test("lets one domain grant pages: another one is refused when it opens a file", () => {
    const { trace, recorder } = recording();
    const xen = new MockXen();
    const [first, second] = [1, 2].map((domid) => new GrantDevice(recorder.wrap(xen.domain(domid))));
    second!.open().close();
    const lines = trace.length;
    const error = thrown(() => first!.open());
    expect(error).toMatchObject({ name: "GrantError", code: "unsupported", operation: "open" });
    expect(error.message).toBe(
      "Cannot record the pages of two domains: a trace cannot tell their references apart, and domain 1 of this one " +
        "grants pages already. Record domain 0 with another Recorder.",
    );
    // The call did not reach the backend.
    expect(trace.slice(lines).join()).not.toContain("open");
    second!.open().allocate(0).free();
    second!.close();
    xen.assertClean();
    expect(replay(trace, { domains: [xen.domain(1), xen.domain(2)] })).toMatchObject({ calls: trace.length - 1 });
  });

  test("lets another domain grant pages if the first one could not open a file", () => {
    const { recorder } = recording();
    const xen = new MockXen();
    const open = () => {
      throw new Error("boom");
    };
    const first = recorder.wrap({ grants: { ...xen.domain(1).grants, open } });
    expect(() => first.grants.open()).toThrow("boom");
    recorder.wrap(xen.domain(2)).grants.open().close();
  });
});

describe("a replay of several domains", () => {
  const open = (part: string, domain: number, file: number) =>
    `{"part":"${part}","call":"open","domain":${domain},"file":${file}}`;

  test("refuses a trace in which two domains grant pages", () => {
    const xen = new MockXen();
    const lines = [HEADER, open("grants", 1, 1), open("grants", 0, 2)];
    expect(thrown(() => replay(lines, { domains: [xen.domain(1), xen.domain(2)] })).message).toBe(
      "Cannot use the trace: in line 3, `domain` must be 1, because only one domain of a trace grants pages: current value is 0",
    );
    xen.assertClean();
  });

  test("takes the ports of an unmap notify from the domain that sets it", () => {
    const { trace, recorder } = recording();
    const run = (xen: MockXen, wrap = (domid: number) => recorder.wrap(xen.domain(domid))) => {
      const [granter, peer] = [wrap(1), wrap(0)];
      using device = new GrantDevice(granter);
      using mapper = new GrantMapper(peer);
      using ours = new EventChannels(granter);
      using theirs = new EventChannels(peer);
      const pages = device.open().allocate(0, { writable: true });
      using mapping = mapper.map(1, pages.grefs, { writable: true });
      ours.bindUnbound(0);
      pages.setUnmapNotify({ eventPort: ours.bindUnbound(0).port });
      mapping.setUnmapNotify({ eventPort: theirs.bindUnbound(1).port });
    };
    run(new MockXen());
    expect(trace.filter((line) => line.includes("eventPort")).map((line) => JSON.parse(line).eventPort)).toEqual([
      2,
      1,
    ]);

    // On a machine where the peer's ports begin at another number.
    const xen = new MockXen();
    const others = new EventChannels(xen.domain(0));
    for (let port = 0; port < 3; port++) others.bindUnbound(3);
    const { trace: again, recorder: second } = recording();
    const domains = [1, 0].map((domid) => second.wrap(xen.domain(domid)));
    expect(replay(trace, { domains })).toEqual({ calls: trace.length - 1, cut: false, left: [] });
    expect(again.filter((line) => line.includes("eventPort")).map((line) => JSON.parse(line).eventPort)).toEqual([
      2,
      4,
    ]);
  });
});
