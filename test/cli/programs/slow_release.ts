/** A program that begins to release on a signal, and never comes to the end. */
import { processHost } from "../../../cli/src/host.ts";

const host = processHost();
host.signal.addEventListener("abort", () => host.note("releasing"));
await host.note("ready");
setInterval(() => {}, 1000);
