/** What is left on a disk after programs, or a domain, that did not end by themselves. */

import { assert, assertEquals } from "../../../conformance/asserts.ts";
import { countTorn } from "./content.ts";

/** Checks that a file has nothing but what was written to it, whole sectors of some round. */
export async function assertWhole(path: string): Promise<void> {
  const bytes = await Deno.readFile(path);
  assertEquals(countTorn(bytes, 0), 0);
  assert(bytes.some((byte) => byte !== 0), "nothing was written");
}
