/** Copies and unmap notifies of mappings, recorded and replayed. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { replay } from "../../backends/record.ts";
import { EventChannels, GrantDevice, GrantMapper } from "../../mod.ts";
import { mapBackend, peerMemory } from "../support/map_backend.ts";
import { domainsOf, recording, wornMachine } from "../support/recorded.ts";

describe("copies and mapping notifies", () => {
  test("are recorded without contents, and replayed on other pages", () => {
    const { trace, recorder } = recording();
    const xen = new MockXen();
    const [granter, peer] = domainsOf(xen).map((domain) => recorder.wrap(domain));
    const device = new GrantDevice(granter!);
    const mapper = new GrantMapper(peer!);
    const events = new EventChannels(peer!);
    const { grefs } = device.open().allocate(0, { pages: 3, writable: true });
    const [first, , third] = grefs as [number, number, number];
    const { port } = events.bindUnbound(1);
    mapper.copy([
      { from: Uint8Array.of(77, 78), to: { domid: 1, gref: first, offset: 4000 } },
      { from: { domid: 1, gref: first }, to: { domid: 1, gref: third, offset: 9 }, length: 4087 },
      { from: { domid: 1, gref: 300 }, to: new Uint8Array(5) },
    ]);
    // A page of a domain that is not in the trace.
    const stranger = new GrantDevice(xen.domain(2)).open().allocate(0, { writable: true });
    const theirs = mapper.mapGrants([{ domid: 1, gref: third }, { domid: 2, gref: stranger.grefs[0]! }], {
      writable: true,
    });
    theirs.setUnmapNotify({ clearByte: 5000, eventPort: port });
    theirs.unmap();
    device.close();
    mapper.close();
    events.close();
    expect(trace.join()).not.toContain("77");
    const copy = trace.find((line) => line.includes(`"copy"`))!;
    expect(JSON.parse(copy)).toEqual({
      part: "maps",
      call: "copy",
      file: 3,
      segments: [
        { to: { domid: 1, gref: first, offset: 4000 }, length: 2 },
        {
          from: { domid: 1, gref: first, offset: 0 },
          to: { domid: 1, gref: third, offset: 9 },
          length: 4087,
        },
        { from: { domid: 1, gref: 300, offset: 0 }, length: 5 },
      ],
      statuses: [0, 0, -1],
    });
    expect(JSON.parse(trace.find((line) => line.includes(`"domid":[1,2]`))!)).toMatchObject({ bytes: 8192 });

    for (const other of [wornMachine(), new MockXen()]) {
      const again = new GrantDevice(other.domain(2)).open().allocate(0, { writable: true });
      expect(again.grefs).toEqual(stranger.grefs);
      const options = { domains: domainsOf(other), granter: 1 };
      const report = replay(trace, options);
      expect(report.difference?.message).toBe(undefined);
      expect(report).toMatchObject({ calls: trace.length - 1, left: [] });
      // Another status is a difference.
      const changed = trace.map((line) => line.replace("[0,0,-1]", "[0,-1,-1]"));
      const { difference } = replay(changed, options);
      expect([difference?.expected, difference?.got]).toEqual([{ statuses: [0, -1, -1] }, { statuses: [0, 0, -1] }]);
    }
  });

  test("memory in parts is recorded with the size of all parts", () => {
    const { trace, recorder } = recording();
    const parts = [new Uint8Array(4096), new Uint8Array(8192)];
    const memory = () => peerMemory({ bytes: new Uint8Array(0), parts });
    const file = recorder.wrap({ maps: mapBackend({ map: memory }) }).maps.open();
    expect(file.map([1, 2, 2], [8, 9, 10], false).parts).toBe(parts);
    expect(trace.at(-1)).toContain(`"bytes":12288`);
  });

  test("of a backend that breaks its contract are recorded with its answers, and replayed", () => {
    for (const lie of [null, "okay", [0, 0], [null], { 0: 0 }, [1.5]]) {
      const { trace, recorder } = recording();
      const lying = { maps: mapBackend({ copy: () => lie as number[] }) };
      const file = recorder.wrap(lying).maps.open();
      expect(file.copy([{ from: { domid: 1, gref: 8, offset: 0 }, to: new Uint8Array(1), length: 1 }])).toBe(lie);
      expect(recorder.failure).toBe(undefined);
      expect(replay(trace, { domains: [lying] }).difference?.message).toBe(undefined);
      const honest = { maps: mapBackend({ copy: () => [0] }) };
      expect(replay(trace, { domains: [honest] }).difference).toMatchObject({ expected: { statuses: lie } });
    }
  });
});
