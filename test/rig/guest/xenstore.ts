/**
 * XenStore of the domain that a program runs in, dom0 or a domU. One connection serves the whole program.
 *
 * @module
 */

import { denoDomain } from "../../../backends/deno.ts";
import { XenStore } from "../../../src/xenstore/mod.ts";

let opened: Promise<XenStore> | undefined;

/** Opens XenStore, unless it is open. */
export function xenstore(): Promise<XenStore> {
  opened ??= XenStore.open(denoDomain());
  return opened;
}
