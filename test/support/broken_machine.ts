import type { GrantBackend, GrantFile } from "../../src/contract/backend.ts";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice, GrantError, GrantMapper } from "../../mod.ts";
import { debugCore } from "./debug_core.ts";
import { replaceMethods } from "./replace_methods.ts";

/** A machine with the profile `linux-5.16`, a device whose files have some methods replaced, and the peer's mapper. */
export function machine(
  replace: (file: GrantFile) => Partial<GrantFile> = () => ({}),
  backend: Partial<GrantBackend> = {},
): { xen: MockXen; device: GrantDevice; mapper: GrantMapper } {
  const xen = new MockXen({ profile: "linux-5.16" });
  const replaced = { ...replaceMethods(xen.domain(1).grants, replace), name: "broken", ...backend };
  const device = new GrantDevice({ grants: replaced }, { core: debugCore });
  return { xen, device, mapper: new GrantMapper(xen.domain(0)) };
}

/** The `GrantError` that an action throws; anything else it throws goes through. */
export function thrown(action: () => unknown): GrantError {
  try {
    action();
  } catch (error) {
    if (error instanceof GrantError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
