import type { XenDomain } from "@gntalloc/gntalloc";
import process from "node:process";

/** Returns the domain that this program runs in. */
export async function realDomain(): Promise<XenDomain> {
  if (process.versions.deno !== undefined) return (await import("@gntalloc/gntalloc/deno")).denoDomain();
  return (await import("@gntalloc/gntalloc/node")).nodeDomain();
}
