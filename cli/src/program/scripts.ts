import { type Command, Option } from "commander";
import { run } from "../commands/run.ts";
import type { Host } from "../host.ts";
import { verbsHelp } from "../script/verbs.ts";
import { collect, withExamples } from "./options.ts";

/** Adds `run`. */
export function addScriptCommands(program: Command, host: Host): void {
  const running = program.command("run")
    .description(
      "Run a script that shares, maps, holds and lets go, in any order: all sides on a simulated Xen, or one here.",
    )
    .argument("[script]", "the file")
    .option("--mock", "run all sides on a simulated Xen")
    .addOption(new Option("--side <domid>", "run the lines of one domain here, on the real devices").conflicts("mock"))
    .option("--line <statement>", "a line of a script; may come several times", collect)
    .action((script, options) => run(host, script, options));
  running.addHelpText(
    "after",
    `
A line is \`DOMID: VERB …\`, such as \`1: share ring --to 0\`. \`#\` begins a
comment, double quotes hold words together; in them, there are \\n, \\t, \\0,
\\" and \\\\. \`1: fails CODE VERB …\` expects an error. In a script that plays
the other side of a command, what follows the line \`start\` happens while the
command runs. At the end everything is released, the newest first.

Verbs:
${verbsHelp()}`,
  );
  withExamples(
    running,
    "gntalloc run --mock --line '1: share ring --to 0' --line '0: map view 1 ring' --line '1: free ring'",
    "gntalloc run both.gnt --mock",
    "gntalloc run both.gnt --side 1      # in domain 1; in domain 0, the same with --side 0",
  );
}
