/**
 * `deno task bench:xen`: what it costs to share pages on the real device, beside C with Debian's libxengnttab. All
 * sides run in interleaved rounds in one boot of a real Xen, in QEMU.
 *
 * ```sh
 * deno task bench:xen            # up to a quarter of an hour; as root on Debian, like test:xen
 * deno task bench:xen --write    # also writes docs/performance.md and bench/results/reference.xen.json
 * ```
 *
 * @module
 */
import { parseArgs } from "node:util";
import { publish } from "../harness/publish.ts";
import { runInXen } from "../harness/xen_run.ts";
import { buildShare } from "./build.ts";
import { declare, FULL } from "./guest.ts";
import { xenReport } from "./reports.ts";
import { resultsOf } from "./results.ts";

const { values: { write } } = parseArgs({ options: { write: { type: "boolean", default: false } } });
const { records, provenance } = await runInXen("bench", (suite) => declare(suite, FULL), buildShare);
await publish(xenReport, resultsOf(records, provenance), write);
