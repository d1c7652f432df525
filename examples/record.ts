/**
 * Records the calls that a program makes on its grant device, and replays them on a simulated Xen.
 *
 * ```sh
 * deno run examples/record.ts                                                # records and replays on a simulated Xen
 * deno run --allow-ffi --allow-write examples/record.ts --device trace.jsonl # in a domU: records on the device
 * deno run --allow-read examples/record.ts --replay trace.jsonl              # on a laptop: replays what was recorded
 * ```
 */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { denoDomain } from "../backends/deno.ts";
import { MockXen } from "../backends/mock.ts";
import { Recorder, replay } from "../backends/record.ts";
import { GrantDevice, GrantError } from "../mod.ts";

/** The program that is recorded: shares pages with domain 0, uses them and gives them back. */
function work(device: GrantDevice): void {
  using allocator = device.open();
  const pages = allocator.allocate(0, { pages: 4, writable: true });
  allocator.setUnmapNotify(pages.page, { clearByte: 0 });
  const view = pages.map({ start: 1, count: 2 });
  new TextEncoder().encodeInto("no trace has these bytes", view.bytes);
  pages.free({ start: 0, count: 1 });
  try {
    allocator.setUnmapNotify(pages.page + 1, { eventPort: 99_999 });
  } catch (error) {
    if (!(error instanceof GrantError)) throw error;
    console.log(`as expected: ${error.message}`);
  }
  view.unmap();
}

/** Replays a trace, and prints the first difference. */
function replayOnMock(trace: string): void {
  const { calls, cut, difference } = replay(trace, { domains: [new MockXen().domain(1)] });
  console.log(
    `replayed ${calls} calls${cut ? " of a trace that was cut off" : ""}: ${difference?.message ?? "no difference"}`,
  );
}

const { values, positionals } = parseArgs({
  options: { device: { type: "boolean" }, replay: { type: "boolean" } },
  allowPositionals: true,
});
const [path] = positionals;

if (values.replay) {
  if (path === undefined) throw new Error("Cannot replay as a file must be named: pass the path of a trace");
  replayOnMock(readFileSync(path, "utf8"));
} else {
  let trace = "";
  if (path !== undefined) writeFileSync(path, "");
  const recorder = new Recorder((line) => {
    trace += line + "\n";
    // Line by line, so that the lines are there even if the program dies.
    if (path !== undefined) appendFileSync(path, line + "\n");
  });
  const domain = values.device ? denoDomain() : new MockXen().domain(1);
  {
    using device = new GrantDevice(recorder.wrap(domain));
    work(device);
  }
  console.log(trace);
  replayOnMock(trace);
}
