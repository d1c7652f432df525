/** A machine with faults, and a check that everything was given back. */
import { expect } from "vitest";
import { type FaultKind, Faults } from "../../backends/faults.ts";
import { type MockProfile, MockXen } from "../../backends/mock.ts";
import { parseTrace, Recorder } from "../../backends/record.ts";
import { GrantDevice, GrantMapper } from "../../mod.ts";
import { debugCore } from "./debug_core.ts";

export const PROFILES: readonly MockProfile[] = ["linux-5.16", "linux-6.1"];

/** A machine with faults on both sides, and a recorder of the calls that reach it. */
export function faultyMachine(profile: MockProfile = "linux-5.16", seed = 1) {
  const xen = new MockXen({ profile });
  const faults = new Faults({ seed });
  const trace: string[] = [];
  const recorder = new Recorder((line) => trace.push(line));
  const device = new GrantDevice(faults.wrap(recorder.wrap(xen.domain(1))), { core: debugCore });
  const mapper = new GrantMapper(faults.wrap(recorder.wrap(xen.domain(0))));
  /** Checks that without faults everything can be given back, and that nothing was lost in the inner backends. */
  const finish = () => {
    faults.clear();
    device.close();
    mapper.close();
    faults.releaseAll();
    device.close();
    expect(device.inspect()).toMatchObject({ live: 0, listed: 0, mapped: 0, pending: 0, allocators: [] });
    xen.assertClean();
    const { calls } = parseTrace(trace);
    const opened = calls.filter((call) => call.call === "open" && !call.error).length;
    const mapped = calls.filter((call) => call.call === "map" && !call.error).length;
    expect(calls.filter((call) => call.call === "close").length).toBe(opened);
    expect(calls.filter((call) => call.call === "unmap").length).toBe(mapped);
  };
  /** The calls of a kind that reached the machine: the number of pages of each. */
  const below = (kind: FaultKind) =>
    parseTrace(trace).calls.filter((call) => call.call === kind).map((call) => "count" in call ? call.count : 0);
  return { xen, faults, device, mapper, trace, finish, below };
}

export const boom = new Error("boom");
