import { Command } from "commander";
import { version } from "./version.ts";
import type { Host } from "./host.ts";
import { printable } from "./printable.ts";
import { addHelpCommand } from "./program/help_command.ts";
import { addHelpCommands } from "./program/help.ts";
import { addGrantCommands } from "./program/grants.ts";
import { addLookingCommands } from "./program/looking.ts";
import { addScriptCommands } from "./program/scripts.ts";
import { addStoreCommands } from "./program/store.ts";
import { addVchanCommands } from "./program/vchan.ts";

const AFTER = `
Exit codes: 0 all went well, 1 it failed, 2 the command line or a script is
wrong, 129 SIGHUP, 130 SIGINT, 131 SIGQUIT, 143 SIGTERM. After a signal,
everything is released first. Data goes to the standard output, all
else to the standard error. NO_COLOR turns colours off.

Examples:
  gntalloc share --mock --to 0 --fill hello --for 1s
  gntalloc map 1 ring --mock --line '1: share ring --to 0 --fill hello'
  gntalloc run both.gnt --mock`;

/** Builds the command line. */
export function createProgram(host: Host): Command {
  const program = new Command("gntalloc")
    .description(
      "Shares memory between Xen domains, and shows what is going on. Every command also runs on a simulated Xen.",
    )
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .configureOutput({ outputError: (text, write) => write(`${usageLine(text)}\n`) })
    .exitOverride()
    .addHelpText("after", AFTER);
  addGrantCommands(program, host);
  addScriptCommands(program, host);
  addStoreCommands(program, host);
  addVchanCommands(program, host);
  addLookingCommands(program, host);
  addHelpCommands(program, host);
  addHelpCommand(program);
  return program;
}

/** What is wrong with the command line, in one line. */
function usageLine(text: string): string {
  const reason = text.trim().replace(/^error: /, "").replace(/\s*\n\s*/g, " ").replace(/\.$/, "");
  return `gntalloc: usage: ${printable(reason)}. More: gntalloc --help`;
}
