import type { Command } from "commander";
import { complete, completions } from "../commands/completions.ts";
import { doctor } from "../commands/doctor.ts";
import { explain } from "../commands/explain.ts";
import type { Host } from "../host.ts";
import { withExamples } from "./options.ts";

/** Adds `doctor`, `explain` and `completions`. */
export function addHelpCommands(program: Command, host: Host): void {
  withExamples(
    program.command("doctor")
      .description("Look for what is wrong with this system. It changes nothing; ends with 1 if a check fails.")
      .option("--json", "print the findings as JSON")
      .option("--mock", "show what it says where all is well")
      .action((options) => doctor(host, options)),
    "gntalloc doctor",
    "gntalloc doctor --json | jq '.findings[] | select(.status == \"fail\") | .mend'",
  );

  withExamples(
    program.command("explain")
      .description("Say what an error code means, and what to do.")
      .argument("[code]", "the code, such as grant:map-refused; without it, all are listed")
      .action((code) => explain(host, code)),
    "gntalloc explain grant:kernel-limit-reached",
    "gntalloc explain closed",
  );

  withExamples(
    program.command("completions")
      .description("Print the script by which a shell completes commands and options.")
      .argument("<shell>", "bash, zsh or fish")
      .action((shell) => completions(host, shell)),
    "source <(gntalloc completions bash)",
    "gntalloc completions fish > ~/.config/fish/completions/gntalloc.fish",
  );
  // What these scripts run.
  program.command("complete [words...]", { hidden: true }).allowUnknownOption().action((words) =>
    complete(host, program, words)
  );
}
