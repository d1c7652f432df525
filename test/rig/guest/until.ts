/** Waits for what takes its time: the kernel frees pages that a peer has unmapped by a timer. */

import type { GrantMapper } from "../../../mod.ts";
import { assertRefused } from "../../conformance/asserts.ts";

/** Waits for some milliseconds. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits until a condition holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let second = 0; second < 60; second++) {
    if (await condition()) return;
    await pause(1000);
  }
  throw new Error("waited for 60 seconds in vain");
}

/** Waits until a reference cannot be mapped any more. */
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
