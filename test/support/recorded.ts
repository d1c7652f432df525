/** A machine with both sides recorded, and replays of traces on others. */
import { expect } from "vitest";
import { MockXen, type MockXenOptions } from "../../backends/mock.ts";
import { Recorder, replay, type ReplayOptions, type ReplayReport } from "../../backends/record.ts";
import { GrantDevice, GrantMapper } from "../../mod.ts";
import { debugCore } from "./debug_core.ts";

export const HEADER = `{"trace":"gntalloc","version":1}`;

/** A machine with both sides recorded. */
export function recorded(options: MockXenOptions = {}) {
  const trace: string[] = [];
  const recorder = new Recorder((line) => trace.push(line));
  const xen = new MockXen(options);
  const device = new GrantDevice({ grants: recorder.grants(xen.domain(1).grants) }, { core: debugCore });
  const mapper = new GrantMapper({ maps: recorder.maps(xen.domain(0).maps) });
  return { trace, recorder, xen, device, mapper };
}

/** Replays on a machine, which must be clean afterwards. */
export function replayOn(xen: MockXen, trace: string | Iterable<string>, options: ReplayOptions = {}): ReplayReport {
  const report = replay(trace, { grants: xen.domain(1).grants, maps: xen.domain(0).maps, ...options });
  xen.assertClean();
  expect(report.left).toEqual([]);
  return report;
}

/** The error that an action throws. */
export function thrown(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}
