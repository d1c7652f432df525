/** A process of a user without access to the devices: opening each of them throws an error with the way out. */
import { denoDomain } from "../../../backends/deno.ts";
import { GrantDevice, GrantMapper } from "../../../mod.ts";
import { assert, assertRefused } from "../../conformance/asserts.ts";

for (
  const [path, action] of [
    ["/dev/xen/gntalloc", () => new GrantDevice(denoDomain()).open()],
    ["/dev/xen/gntdev", () => new GrantMapper(denoDomain()).map(0, [8])],
  ] as const
) {
  const error = assertRefused(action, "permission");
  assert(error.message.includes(path) && error.message.includes("chmod"), error.message);
}
