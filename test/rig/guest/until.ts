/** Waiting for what the kernel does in its own time: it frees what a peer has let go of by a timer. */

import type { GrantMapper } from "../../../mod.ts";
import { assertRefused } from "../../conformance/asserts.ts";

/** Waits until a condition holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let second = 0; second < 60; second++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new Error("waited for 60 seconds in vain");
}

/** Waits until a reference can no longer be mapped. */
export async function untilRefused(mapper: GrantMapper, domid: number, gref: number): Promise<void> {
  await until(() => {
    try {
      mapper.map(domid, [gref]).unmap();
      return false;
    } catch (error) {
      assertRefused(() => {
        throw error;
      }, "map-refused");
      return true;
    }
  });
}
