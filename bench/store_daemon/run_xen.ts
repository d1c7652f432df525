/**
 * `deno task bench:store:xen`: what a request to XenStore costs in dom0 of a real Xen, in QEMU, through the daemon's
 * socket and through the kernel's device, beside a program in C on Debian's libxenstore. All sides take turns in one
 * boot, on one emulated processor.
 *
 * ```sh
 * deno task bench:store:xen    # four minutes; as root on Debian, like test:xen
 * ```
 *
 * @module
 */
import { sentenceOf } from "../harness/provenance.ts";
import { runInXen } from "../harness/xen_run.ts";
import { buildClient } from "./build.ts";
import { declare, figuresOf } from "./guest.ts";
import { storeReport } from "./sides.ts";

const { records, provenance } = await runInXen(
  "store-bench",
  declare,
  (packages, folder) => buildClient(folder, packages),
);
const details = new Map<string, string>();
for (const record of records) {
  if (record.kind === "ok" && record.detail) details.set(record.name, record.detail);
}
for (const [name, figures] of figuresOf(details)) console.log(`${name}\n\n${storeReport(figures)}\n`);
console.log(sentenceOf(provenance));
