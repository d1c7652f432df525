/** The limit of this domain's driver, which also tells whether pages are granted. */

import { differs } from "../differences.ts";
import { machineHere } from "./machine.ts";
import { denoDomain } from "../../../backends/deno.ts";
import { assert, assertEquals } from "../../conformance/asserts.ts";

/** The driver's limit. Root may write it. */
export const LIMIT = "/sys/module/xen_gntalloc/parameters/limit";

/** The largest value of the parameter where it is unsigned. */
const MOST = 2 ** 32 - 1;

/** Returns what means no limit where the parameter is unsigned. Elsewhere any negative number means that. */
export function unsignedLimit(): number | undefined {
  return differs(machineHere(), "has an unsigned limit") ? MOST : undefined;
}

/** Sets the driver's limit. */
export function setLimit(pages: number): void {
  Deno.writeTextFileSync(LIMIT, String(pages === Infinity ? unsignedLimit() ?? -1 : pages));
}

/** Throws unless the parameter takes what it should on this machine, and nothing else. */
export function assertParameter(): void {
  setLimit(1024);
  const [refused, reason] = unsignedLimit() === undefined ? [MOST, "os error 34"] : [-1, "os error 22"];
  let error: unknown;
  try {
    Deno.writeTextFileSync(LIMIT, String(refused));
  } catch (thrown) {
    error = thrown;
  }
  assert(String(error).includes(reason), `the kernel answers ${error}`);
  assertEquals(Deno.readTextFileSync(LIMIT).trim(), "1024");
}

/** Throws unless one file can have the whole limit, which means that no page of any process counts. */
export function assertNothingGranted(): void {
  setLimit(1024);
  const file = denoDomain().grants.open();
  const grefs = new Uint32Array(1024);
  try {
    file.grant(0, 1024, 0, false, grefs);
  } finally {
    file.close();
  }
}
