/**
 * `deno task bench:disk`: how fast the example of a disk reads in a domU of a real Xen, in QEMU, beside the domU's own
 * kernel on the same backend, that of dom0's kernel. All sides take turns in one boot, on one emulated processor.
 *
 * ```sh
 * deno task bench:disk            # some minutes; as root on Debian, like test:xen
 * deno task bench:disk --write    # also writes docs/performance.md and bench/results/reference.disk.json
 * ```
 *
 * @module
 */
import { parseArgs } from "node:util";
import { publish } from "../harness/publish.ts";
import { runInXen } from "../harness/xen_run.ts";
import { buildReader } from "./build.ts";
import { declare } from "./guest.ts";
import { diskReport } from "./report.ts";
import { resultsOf } from "./results.ts";

const { values: { write } } = parseArgs({ options: { write: { type: "boolean", default: false } } });
const { records, provenance } = await runInXen("disk-bench", declare, buildReader);
await publish(diskReport, resultsOf(records, provenance), write);
