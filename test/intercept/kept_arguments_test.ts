/** What the interceptor keeps of a call for the calls that follow from it. */
import { expect, test } from "vitest";
import type { Call } from "../../backends/intercept/calls.ts";
import { intercept } from "../../backends/intercept/intercept.ts";
import { mapBackend, peerMemory } from "../support/map_backend.ts";

test("the end of a mapping names the pages that were mapped, even if the caller's arrays have changed since", () => {
  const calls: Call[] = [];
  const maps = mapBackend({ map: () => peerMemory() });
  const domain = intercept("test", { maps }, (call, proceed) => {
    calls.push(call);
    return proceed();
  });
  const [domids, grefs] = [[1, 2], [8, 9]];
  const memory = domain.maps.open().map(domids, grefs, false);
  domids.fill(0);
  grefs.fill(0);
  memory.unmap();
  expect(calls.at(-1)).toMatchObject({ name: "PeerMemory.unmap", from: { args: { domid: [1, 2], grefs: [8, 9] } } });
});
