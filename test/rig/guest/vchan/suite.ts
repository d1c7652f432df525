/** The conformance suite of channels on a real Xen: dom0 connects to itself. */

import { denoDomain } from "../../../../backends/deno.ts";
import { vchanConformance } from "../../../conformance/mod.ts";
import { assertNothingGranted } from "../limit.ts";
import type { Suite } from "../runner.ts";

/** Declares the tests. */
export function declare({ test }: Suite): void {
  vchanConformance({
    test: (name, run) => test(`dom0 with itself: ${name}`, run),
    open: () => ({
      server: denoDomain(),
      serverDomid: 0,
      client: denoDomain(),
      clientDomid: 0,
      close: assertNothingGranted,
    }),
  });
}
