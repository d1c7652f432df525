/** The limit of this domain's driver, and what it tells about the pages that are granted. */

import { denoDomain } from "../../../backends/deno.ts";

/** Where root sets the driver's limit. */
export const LIMIT = "/sys/module/xen_gntalloc/parameters/limit";

/** Sets the driver's limit. */
export function setLimit(pages: number): void {
  Deno.writeTextFileSync(LIMIT, String(pages === Infinity ? -1 : pages));
}

/** Throws unless the driver lets one file have the whole limit: so no page of any process counts any more. */
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
