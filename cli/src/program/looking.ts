import { type Command, Option } from "commander";
import { inspect } from "../commands/inspect.ts";
import { top } from "../commands/top.ts";
import { diff, record, replay } from "../commands/trace.ts";
import type { Host } from "../host.ts";
import { collect, withExamples } from "./options.ts";

/** Adds `inspect`, `top` and `trace`. */
export function addLookingCommands(program: Command, host: Host): void {
  const inspecting = program.command("inspect")
    .description("Show who holds what, as text or as a picture: of a report, of a trace, or of what a script leaves.")
    .argument("[file]", "the JSON of `inspect()` of a GrantDevice or a MockXen, or a trace")
    .option("--at <line>", "show what a trace holds after this line (default: at its end)")
    .addOption(new Option("--svg", "draw a picture as SVG").conflicts(["html", "json"]))
    .addOption(new Option("--html", "draw a picture as a page").conflicts("json"))
    .option("--json", "print the report")
    .addOption(
      new Option("--theme <theme>", "the colours of the picture (default: auto)").choices(["auto", "light", "dark"]),
    )
    .option("--width <pixels>", "the width of the picture (default: 960)")
    .option("--title <text>", "the heading of the picture");
  withExamples(
    withScript(inspecting).action((file, options) => inspect(host, file, options)),
    "gntalloc inspect report.json",
    "gntalloc inspect trace.jsonl --at 40 --html > trace.html",
    "gntalloc inspect --svg --line '1: share ring --to 0 --pages 4' --line '0: map view 1 ring' > ring.svg",
  );

  const watching = program.command("top")
    .description("Show a live view: of a report that a program writes again and again, of a trace, or of a script.")
    .argument("[file]", "as for `inspect`")
    .option("--every <time>", "how often to look, or how long to show each step", "1s")
    .option("--once", "show the last step, and end");
  withExamples(
    withScript(watching).action((file, options) => top(host, file, options)),
    "gntalloc top report.json",
    "gntalloc top trace.jsonl --every 200ms",
    "gntalloc top --script both.gnt",
  );

  const trace = program.command("trace").description(
    "Record what a script asks of the devices, replay and compare it.",
  );
  withExamples(
    trace.command("record")
      .description("Run a script, as `gntalloc run` does, and record it.")
      .argument("[script]", "the file")
      .requiredOption("-o, --output <file>", "where the trace goes")
      .option("--mock", "run all sides on a simulated Xen")
      .addOption(
        new Option("--side <domid>", "run the lines of one domain here, on the real devices").conflicts("mock"),
      )
      .option("--line <statement>", "a line of a script; may come several times", collect)
      .action((script, options) => record(host, script, options)),
    "gntalloc trace record both.gnt --mock -o trace.jsonl",
  );
  withExamples(
    trace.command("replay")
      .description("Replay a trace on a simulated Xen, up to the first answer that differs.")
      .argument("<trace>", "the file")
      .option("--domain <domid>", "the number of a recorded domain, in their order; may come several times", collect)
      .action((file, options) => replay(host, file, options)),
    "gntalloc trace replay trace.jsonl",
  );
  withExamples(
    trace.command("diff")
      .description("Find the first call in which two traces differ, apart from the numbers of references and ports.")
      .argument("<one>", "a trace")
      .argument("<other>", "another one")
      .action((one, other) => diff(host, one, other)),
    "gntalloc trace diff before.jsonl after.jsonl",
  );
}

function withScript(command: Command): Command {
  return command
    .option("--mock", "use a simulated Xen, as --script and --line do")
    .option("--script <file>", "run a script on a simulated Xen, and look at that")
    .option("--line <statement>", "a line of such a script; may come several times", collect);
}
