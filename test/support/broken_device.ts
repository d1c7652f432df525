import type { GrantBackend, GrantFile } from "../../src/contract/backend.ts";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice, GrantMapper } from "../../mod.ts";
import { debugCore } from "./debug_core.ts";
import { replaceMethods } from "./replace_methods.ts";

/** Makes a Xen of the profile `linux-5.16`, a device whose files have some methods replaced, and the peer's mapper. */
export function brokenDevice(
  replace: (file: GrantFile) => Partial<GrantFile> = () => ({}),
  backend: Partial<GrantBackend> = {},
): { xen: MockXen; device: GrantDevice; mapper: GrantMapper } {
  const xen = new MockXen({ profile: "linux-5.16" });
  const replaced = { ...replaceMethods(xen.domain(1).grants, replace), name: "broken", ...backend };
  const device = new GrantDevice({ grants: replaced }, { core: debugCore });
  return { xen, device, mapper: new GrantMapper(xen.domain(0)) };
}
