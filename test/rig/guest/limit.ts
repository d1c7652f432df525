/** The limit of this domain's driver, which also tells whether pages are granted. */

import { denoDomain } from "../../../backends/deno.ts";

/** The driver's limit. Root may write it. */
export const LIMIT = "/sys/module/xen_gntalloc/parameters/limit";

/** Sets the driver's limit. */
export function setLimit(pages: number): void {
  Deno.writeTextFileSync(LIMIT, String(pages === Infinity ? -1 : pages));
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
