import type { Report } from "../harness/publish.ts";
import { table } from "../harness/tables.ts";
import type { NativeResults, XenResults } from "./results.ts";
import { nativeRows, provenanceText, xenRows } from "./tables.ts";

/** What the bench on the real device writes. */
export const xenReport: Report<XenResults> = {
  suffix: ".xen.json",
  texts(results) {
    const [head, ...body] = xenRows(results);
    return { "bench-xen:table": table(head!, body), "bench-xen:provenance": provenanceText(results) };
  },
};

/** What the bench over the device that stands in writes. */
export const nativeReport: Report<NativeResults> = {
  suffix: ".native.json",
  texts(results) {
    const [head, ...body] = nativeRows(results);
    return { "bench-native:table": table(head!, body), "bench-native:provenance": provenanceText(results) };
  },
};
