/** A machine with both sides recorded, and replays of traces on others. */
import { expect } from "vitest";
import { type MockDomain, MockXen, type MockXenOptions } from "../../backends/mock.ts";
import { Recorder, replay, type ReplayOptions, type ReplayReport } from "../../backends/record.ts";
import { EventChannels, GrantDevice, GrantMapper } from "../../mod.ts";
import { debugCore } from "./debug_core.ts";

export const HEADER = `{"trace":"gntalloc","version":1}`;

/** A recorder, and the lines that it writes. */
export function recording(): { trace: string[]; recorder: Recorder } {
  const trace: string[] = [];
  return { trace, recorder: new Recorder((line) => trace.push(line)) };
}

/** A machine with both sides recorded. */
export function recorded(options: MockXenOptions = {}) {
  const { trace, recorder } = recording();
  const xen = new MockXen(options);
  const device = new GrantDevice(recorder.wrap(xen.domain(1)), { core: debugCore });
  const mapper = new GrantMapper(recorder.wrap(xen.domain(0)));
  return { trace, recorder, xen, device, mapper };
}

/** The domains of a machine for a trace of both sides: the granter, and its peer. */
export function domainsOf(xen: MockXen): [granter: MockDomain, peer: MockDomain] {
  return [xen.domain(1), xen.domain(0)];
}

/** A machine on which references and ports are in use, so that a replay gets others than a new machine gives. */
export function wornMachine(): MockXen {
  const xen = new MockXen();
  new GrantDevice(xen.domain(1)).open().allocate(3, { pages: 20 });
  for (const [domid, ports] of [[1, 5], [0, 9]]) {
    const others = new EventChannels(xen.domain(domid!));
    for (let port = 0; port < ports!; port++) others.bindUnbound(3);
  }
  return xen;
}

/** Replays on a machine, which must be clean afterwards. */
export function replayOn(
  xen: MockXen,
  trace: string | Iterable<string>,
  options: Partial<ReplayOptions> = {},
): ReplayReport {
  const report = replay(trace, { domains: domainsOf(xen), ...options });
  xen.assertClean();
  expect(report.left).toEqual([]);
  return report;
}
