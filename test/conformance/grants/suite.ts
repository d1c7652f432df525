import { assertEquals } from "../asserts.ts";
import { allocate } from "./allocate.ts";
import { badArguments } from "./arguments.ts";
import { close } from "./close.ts";
import { free } from "./free.ts";
import { limits } from "./limits.ts";
import { map } from "./map.ts";
import { notify } from "./notify.ts";
import { peer } from "./peer.ts";
import { Setup } from "./setup.ts";
import { share } from "./share.ts";
import type { GrantsConformanceOptions } from "../target.ts";

const GROUPS = { allocate, share, limits, free, map, peer, notify, close, arguments: badArguments };

/** Registers all tests of the contract of grant and map backends. */
export function grantsConformance(options: GrantsConformanceOptions): void {
  for (const [group, tests] of Object.entries(GROUPS)) {
    for (const [name, run] of Object.entries(tests)) {
      options.test(`${group}: ${name}`, () => {
        const target = options.open();
        const setup = new Setup(target);
        run(setup);
        const { live, mapped } = setup.device.inspect();
        setup.close();
        // What a test leaves allocated is given back with its device; what it leaves mapped is its own mistake.
        assertEquals(mapped, 0, `pages still mapped of ${live} live`);
      });
    }
  }
}
